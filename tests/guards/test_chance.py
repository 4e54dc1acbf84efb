"""What fails once in a thousand runs holds up whoever happens to run it: no test takes a chance that the next run does not take."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from hypothesis import settings

from tests.guards.sources import name_of, python_files, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

DRAWING = "tests", "eventstore/testing", "teddy_es/faults"


def test_properties_are_tried_on_the_same_examples_in_every_run(
    request: pytest.FixtureRequest,
) -> None:
    asked = request.config.getoption("--hypothesis-profile")
    gate = settings.get_profile("gate")

    assert settings.get_current_profile_name() == (asked or "gate")
    assert (gate.derandomize, gate.deadline, gate.database) == (True, None, None)


def test_every_chance_that_a_test_takes_has_its_seed() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in python_files(*DRAWING)
        for line in unseeded(tree_of(path))
    ]

    assert not found, (
        f"Chance without a seed in {found}: write random.Random(1) and draw from that."
    )


def unseeded(tree: ast.Module) -> Iterator[int]:
    """Lines that draw from the process's own chance, or make some that nobody can repeat."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(ast.Name("random"), "Random") | ast.Name("Random"),
                args=[_, *_],
            ):
                continue
            case ast.Call(
                func=ast.Attribute(ast.Name("random" | "secrets")) | ast.Name("Random")
            ):
                yield node.lineno
            case ast.ImportFrom(module="random", names=[ast.alias("Random")]):
                continue
            case ast.ImportFrom(module="random" | "secrets"):
                yield node.lineno


def test_chance_without_a_seed_is_found() -> None:
    wrong = "random.Random()\nRandom()\nrandom.choice(x)\nfrom random import choice\nsecrets.randbelow(6)\n"
    right = (
        "random.Random(1)\nRandom(seed)\nchance.choice(x)\nfrom random import Random\n"
    )

    assert sorted(unseeded(ast.parse(wrong + right))) == [1, 2, 3, 4, 5]

"""A digest of code changes with whatever can change a state, and is the same in every process."""

from __future__ import annotations

import importlib
import linecache
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.aggregates import code_digest
from eventstore.registry.upcasters import Upcasters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES = {
    "__init__.py": "",
    "values.py": """
import msgspec
class Item(msgspec.Struct):
    count: int = 1
""",
    "rules/__init__.py": "",
    "rules/following.py": """
from .. import values
from ..limits import MOST
def follow(state, event):
    state.items.append(values.Item(min(event, MOST)))
""",
    "limits.py": "MOST = 10\n",
    "unused.py": "A = 1\n",
    "orders.py": """
from __future__ import annotations
from typing import TYPE_CHECKING
import msgspec
from eventstore.aggregates import Aggregate
from {name} import values
from {name}.rules.following import follow
if TYPE_CHECKING:
    from {name} import unused
class State(msgspec.Struct):
    items: list[values.Item] = []
class Order(Aggregate[State]):
    stream_type, state_type = "order", State
    def apply(self, event):
        self._follow(event)
    def _follow(self, event):
        from {name}.late import late
        follow(self.state, late(event))
""",
    "late.py": "def late(event):\n    return event\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An application of a few modules."""
    name = f"app_{uuid4().hex[:8]}"
    for file, source in FILES.items():
        path = tmp_path / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.replace("{name}", name), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path / name
    forget(name)


def forget(name: str) -> None:
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        del sys.modules[module]
    linecache.clearcache()
    importlib.invalidate_caches()


def digest(package: Path) -> str:
    forget(package.name)
    return code_digest(importlib.import_module(f"{package.name}.orders").Order)


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("orders.py", True),
        ("values.py", True),  # a value that the state is made of
        ("rules/following.py", True),  # what apply calls by a method that helps it
        ("limits.py", True),  # what that imports in turn
        ("late.py", True),  # where it is not imported yet
        ("unused.py", False),
    ],
)
def test_whatever_a_state_is_made_with_changes_the_digest(
    package: Path, file: str, *, changes: bool
) -> None:
    before = digest(package)
    assert digest(package) == before

    path = package / file
    path.write_text(path.read_text("utf-8") + "\nADDED = 1\n", "utf-8")

    assert (digest(package) != before) == changes


def times(factor: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda fields: {"grams": fields["pounds"] * factor}


def of(factor: int, fields: dict[str, Any]) -> dict[str, Any]:
    return {"grams": fields["pounds"] * factor}


def by_default(
    fields: dict[str, Any], *, factors: frozenset[str] = frozenset("abc")
) -> dict[str, Any]:
    return fields | {"factors": sorted(factors)}


class Times:
    """A step that is an object."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, fields: dict[str, Any]) -> dict[str, Any]:
        """As a step."""
        return of(self.factor, fields)

    def step(self, fields: dict[str, Any]) -> dict[str, Any]:
        """As a method."""
        return self(fields)


def step_digest(step: Callable[..., Any]) -> str:
    steps = Upcasters()
    steps.register("Weighed", 1, step)
    return steps.digest({"Weighed"})


MAKERS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "a closure": times,
    "a partial": lambda factor: partial(of, factor),
    "a partial by name": lambda factor: partial(
        by_default, factors=frozenset(str(factor))
    ),
    "an object": Times,
    "a method": lambda factor: Times(factor).step,
    "a partial of a closure": lambda factor: partial(times(factor)),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_what_a_step_was_made_with_changes_its_digest(kind: str) -> None:
    make = MAKERS[kind]

    assert step_digest(make(454)) == step_digest(make(454))
    assert step_digest(make(454)) != step_digest(make(453))


def all_steps() -> str:
    return "".join(map(step_digest, [by_default, *(m(1) for m in MAKERS.values())]))


def test_steps_have_one_digest_in_every_process() -> None:
    elsewhere = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tests.unit.test_digests import all_steps\n"
            "import sys; sys.stdout.write(all_steps())",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert elsewhere == all_steps()

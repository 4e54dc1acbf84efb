"""What `scripts/mutants` changes, and what its table names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.mutating.__main__ import File, done
from scripts.mutating.changes import essence, mutants
from scripts.mutating.covering import ours
from scripts.mutating.working import Work
from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

SQL = "SELECT a FROM t WHERE a < 3 AND NOT b ORDER BY a DESC LIMIT 1"
TABLE = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))


def changes(source: str) -> list[str]:
    """What is tried, each in a few words."""
    return [mutant.key.partition(": ")[2] for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("source", "tried"),
    [
        ("x = a < b", ["a < b → a <= b"]),
        ("x = a and b", ["a and b → b", "a and b → a"]),
        ("x = not a", ["not a → a"]),
        ("x = a + 1", ["a + 1 → a - 1", "1 → 2"]),
        ("x = 100", []),
        ("x = True", ["True → False"]),
        ("x = min(a)", ["min(a) → max(a)"]),
        ("if a:\n    raise B", ["if a → if not a", "raise B → pass"]),
        ("for a in b:\n    break", ["break → continue"]),
        ("self.a = b", ["self.a = b → pass"]),
        ("logger.info('a', b=1)", []),
        ("def f(a: x < y = 1) -> 2: 'SELECT 1'", ["1 → 2"]),
    ],
)
def test_what_is_tried(source: str, tried: Sequence[str]) -> None:
    assert changes(source) == tried


def test_what_is_tried_in_sql() -> None:
    whole = [
        ast_text.body[0].value.value  # type: ignore[attr-defined]
        for _, _, ast_text in mutants(f"x = {SQL!r}")
    ]

    assert whole == [
        SQL.replace("<", "<="),
        SQL.replace("AND", "OR"),
        SQL.replace("NOT ", ""),
        SQL.replace(" DESC", ""),
        SQL.replace("3", "(3 + 1)"),
        SQL.replace("LIMIT 1", "LIMIT (1 + 1)"),
    ]


def test_every_mutant_is_one_change_and_has_a_name_of_its_own() -> None:
    source = (ROOT / "eventstore/protocol/fold.py").read_text("utf-8")
    seen = []
    for mutant in mutants(source):
        compile(mutant.tree, "fold.py", "exec")
        seen.append(mutant.key)

    assert len(seen) == len(set(seen)) > 40


def test_what_a_module_imports_is_not_what_it_does() -> None:
    assert essence("import a\nx = 1  # why\n") == essence("from b import c\n\nx = 1")
    assert essence("x = 1") != essence("x = 2")


def test_the_tables_files_are_there_and_the_tests_that_it_names_in_them() -> None:
    named = {*TABLE["tests"], *TABLE["explained"]}
    named |= {test for tests in TABLE["tests"].values() for test in tests}

    for file, _, test in (name.partition("::") for name in named):
        path = Path(ROOT, file)
        assert path.exists(), file
        assert not test or f"def {test}(" in path.read_text("utf-8"), test


def test_whatever_the_table_names_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of which nobody looks which tests come by it has survivors alone."""
    monkeypatch.chdir(ROOT)
    there = ours()

    for name in TABLE["tests"]:
        assert any(path.is_relative_to(name) for path in there), name


def test_each_survivor_that_is_explained_may_still_be_tried() -> None:
    for name, keys in TABLE["explained"].items():
        there = {mutant.key for mutant in mutants((ROOT / name).read_text("utf-8"))}
        assert set(keys) <= there, f"{name}: take out of tests/mutants.toml"


def test_a_group_of_tests_that_cannot_be_run_is_told_and_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (
        Work({File(ROOT / "eventstore/clock.py", TABLE, [test]): set()}, tmp_path, 7, 0)
        for test in ("tests/conftest.py", "tests/shops.py", "tests/strategies.py")
    )
    asked: list[Work] = []

    def step(work: Work) -> bool:
        asked.append(work)
        return work is not second

    assert not done([first, second, third], step)
    assert asked == [first, second]
    told = capsys.readouterr().err
    assert f"tests/shops.py; why: {tmp_path / 'last-7.log'}" in told
    assert "tests/conftest.py" not in told
    assert done([first, third], step)
    assert capsys.readouterr().err == ""

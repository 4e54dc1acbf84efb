"""What `scripts/mutants` changes, which tests are asked, and that a changed function stands in for the one that is loaded."""

from __future__ import annotations

import ast
import builtins
import tomllib
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.mutating import covering
from scripts.mutating.__main__ import File, done
from scripts.mutating.changes import essence, mutants
from scripts.mutating.covering import Cover, told
from scripts.mutating.patching import Loaded
from scripts.mutating.trying import Served, compiled
from scripts.mutating.working import Work
from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType

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


MODULE = """
from functools import cache

LIMIT = 2
LIMITS = [LIMIT, 3]

def wrapped(function):
    def inner(*args):
        if args:
            return function(*args)
        return 0
    return inner

@wrapped
def more(a):
    "More."
    return (lambda: a + 1)()

@cache
def fits(a, most=5):
    if a > most:
        return False
    else:
        return a < max(LIMITS)

class Held:
    size = 3
    def room(self):
        return self.size - 1
"""


def line_of(text: str) -> int:
    """Where this stands in it."""
    return next(n for n, line in enumerate(MODULE.split("\n"), 1) if text in line)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with it, the only one that is ours."""
    path = tmp_path / "module.py"
    path.write_text(MODULE, "utf-8")
    monkeypatch.setattr(covering, "OURS", tmp_path)
    return path


def test_each_statement_of_a_function_says_that_it_runs(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(builtins, "__mutants_tell__", ran.append, raising=False)
    made = imported(module, compiled(module, told(module)))
    at_import, ran[:] = [*ran], []

    assert made.fits(7) is False
    assert at_import == [
        f"{module}:{line_of(text)}" for text in ("def inner", "return inner")
    ]
    assert ran == [
        f"{module}:{line_of(text)}" for text in ("if a > most", "return False")
    ]


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ("return False", {"refused"}),
        ("if a > most", {"refused", "fitted"}),
        ("def fits", {"refused", "fitted"}),  # its parameters
        ("LIMIT = 2", {"fitted", "naming::one"}),  # through LIMITS
        ("size = 3", {"held"}),
        ("return self.size", {"held"}),
        (
            "return inner",
            {"refused", "fitted", "held", "naming::one"},
        ),  # runs at import
        ("return function", set()),
    ],
)
def test_those_tests_are_asked_that_come_by_the_changed_statement(
    module: Path, changed: str, asked: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(module.parent)
    for file in ("refused", "fitted", "held"):
        Path(file).touch()
    Path("naming").write_text("assert module.LIMITS[0] < 3 and fits", "utf-8")
    ran: dict[str, Sequence[str]] = {
        "naming::one": (),
        "refused": ("if a > most", "return False"),
        "fitted": ("if a > most", "return a < max"),
        "held": ("return self.size",),
    }
    found = {
        test: {"seconds": 1, "ran": [f"{module}:{line_of(text)}" for text in texts]}
        for test, texts in ran.items()
    }
    cover = Cover(found, {f"{module}:{line_of('return inner')}"})

    assert cover.of(module, line_of(changed)) == asked


class Lazy:
    """As Django's: whoever asks for its class has it made, and some refuse."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattribute__(self, name: str) -> object:
        asked = object.__getattribute__(self, "asked")
        object.__setattr__(self, "asked", asked + 1)
        raise RuntimeError(name)


@pytest.mark.parametrize(
    ("old", "new", "ask", "answer"),
    [
        ("a > most", "a >= most", lambda module: module.fits(5), False),
        ("a + 1", "a + 2", lambda module: module.more(1), 3),
        ("return 0", "return 1", lambda module: module.more(), 1),  # a wrapper
        ("size - 1", "size - 2", lambda module: module.Held().room(), 1),
    ],
)
def test_a_changed_function_stands_in_for_the_one_that_is_loaded(
    module: Path,
    old: str,
    new: str,
    ask: Callable[[ModuleType], object],
    answer: object,
) -> None:
    code = compiled(module)
    made = imported(module, code)
    lazy = Lazy()
    loaded = Loaded(code)
    change = loaded.change(changed(module, old, new))
    assert change is not None

    loaded.put(change)

    assert ask(made) == answer
    assert object.__getattribute__(lazy, "asked") == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 2", "LIMIT = 3"),
        ("size = 3", "size = 4"),
        ("most=5", "most=6"),
        ("a < max(LIMITS)", "any(a < one for one in LIMITS)"),
    ],
)
def test_what_is_not_in_a_loaded_function_is_imported_anew(
    module: Path, old: str, new: str
) -> None:
    code = compiled(module)
    made = imported(module, code)

    assert Loaded(code).change(changed(module, old, new)) is None, made


def changed(module: Path, old: str, new: str) -> CodeType:
    """A mutant of it."""
    return compiled(module, ast.parse(MODULE.replace(old, new)))


def imported(module: Path, code: CodeType) -> ModuleType:
    """The module, with this for its code."""
    spec = spec_from_loader("module", Served(Path("module.py"), code))
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made

"""Which tests `scripts/mutants` asks, and that a changed function stands in for the one that is loaded."""

from __future__ import annotations

import ast
import builtins
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.mutating import covering
from scripts.mutating.covering import Cover, told
from scripts.mutating.patching import Loaded
from scripts.mutating.trying import Served, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType

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
    monkeypatch.setattr(covering, "OURS", (tmp_path,))
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

"""No file grows past 300 lines and no function past 30: both are read in one sitting."""

from __future__ import annotations

import ast

import pytest

from tests.guards.sources import OURS, ROOT, name_of, python_files, tree_of

FILE_LINES = 300
FUNCTION_LINES = 30

# Larger, with a reason and a limit of its own. Take a line out as soon as it is no longer needed.
LARGER_FILES: dict[str, tuple[int, str]] = {
    "eventstore/events.py": (
        425,
        "the whole vocabulary in one place; half of it is docstrings",
    ),
    "audit/people/models.py": (
        480,
        "Django looks for all of an app's tables here",
    ),
    "eventstore/models.py": (
        510,
        "Django looks for all of an app's tables here",
    ),
    "teddy_es/settings.py": (
        390,
        "every variable is read in one file; most lines are one of them each",
    ),
    "eventstore/ports.py": (
        490,
        "everything that the core needs of the world, read as one list of promises",
    ),
    "eventstore/store.py": (
        350,
        "one class, each of its doors with its twin for coroutines; a third of it is signatures",
    ),
    "eventstore/testing/memory.py": (
        340,
        "as store.py, in memory",
    ),
    "eventstore/testing/repository_contract.py": (
        560,
        "as store_contract.py",
    ),
    "eventstore/testing/store_contract.py": (
        700,
        "a suite is read as one list of promises; a second file would hide half of it",
    ),
}
LARGER_FUNCTIONS: dict[str, tuple[int, str]] = {
    "eventstore/queries/rows.py:_recorded": (
        45,
        "everything read goes through this loop; a call an event would be a tenth of its time",
    ),
}


def functions() -> dict[str, int]:
    """Lines of every function without its docstring, by file and name."""
    return {
        f"{name_of(path)}:{node.name}": _lines(node)
        for path in python_files(*OURS)
        if "migrations" not in path.parts
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def files() -> dict[str, int]:
    """Lines of every file."""
    return {
        name_of(path): len(path.read_text("utf-8").splitlines())
        for path in python_files(*OURS)
        if "migrations" not in path.parts
    }


def test_functions_are_short() -> None:
    long = {
        name: lines
        for name, lines in functions().items()
        if lines > LARGER_FUNCTIONS.get(name, (FUNCTION_LINES, ""))[0]
    }

    assert not long, (
        f"Longer than {FUNCTION_LINES} lines: {long}. Split each at its second thought; if it reads better whole, give"
        " it a line with a reason in LARGER_FUNCTIONS (tests/guards/test_size.py)."
    )


def test_files_are_short() -> None:
    long = {
        name: lines
        for name, lines in files().items()
        if lines > LARGER_FILES.get(name, (FILE_LINES, ""))[0]
    }

    assert not long, (
        f"Longer than {FILE_LINES} lines: {long}. Split each at its second noun (a new file needs its line in the"
        " import contracts of pyproject.toml), or give it a line with a reason in LARGER_FILES."
    )


@pytest.mark.parametrize("name", LARGER_FILES)
def test_an_exception_for_a_file_is_still_needed(name: str) -> None:
    assert (ROOT / name).exists(), f"{name} is gone: take it out of LARGER_FILES."
    assert files()[name] > FILE_LINES, f"{name} is short again: take it out."


def test_an_exception_for_a_function_is_still_needed() -> None:
    short = [n for n in LARGER_FUNCTIONS if functions().get(n, 0) <= FUNCTION_LINES]

    assert not short, (
        f"{short} are short again or gone: take them out of LARGER_FUNCTIONS."
    )


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the end, the docstring left out."""
    end = node.end_lineno or node.lineno
    lines = end - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines

"""Which tests come by a statement: a mutant is judged by those alone, and one that none comes by need not be tried.

Each statement of a function says when it runs (`told`). One that runs at import, an SQL text or a limit, is looked up by
its name: who comes by a statement that names it comes by it, and so does a test whose file names it.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import time
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OURS: Final = (Path("eventstore"), Path("audit"), Path("teddy_es"))
_PROBE: Final = "__mutants_tell__"
_FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
PASSES: Final = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
_WORD: Final = re.compile(r"\w+")


def ours() -> list[Path]:
    """The files whose statements are looked at."""
    return [path for root in OURS for path in root.rglob("*.py")]


def told(path: Path) -> ast.Module:
    """The module, each statement of whose functions says that it runs."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {
        id(node): node
        for function in ast.walk(tree)
        if isinstance(function, _FUNCTION)
        for node in ast.walk(function)
    }
    for node in inside.values():
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                setattr(node, field, [*_told(body, path)])
    return ast.fix_missing_locations(tree)


def _told(body: list[ast.stmt], path: Path) -> Iterator[ast.stmt]:
    for one in body:
        if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)):
            place = ast.Constant(_place(path, one.lineno))
            call = ast.Call(ast.Name(_PROBE, ast.Load()), [place], [])
            yield ast.copy_location(ast.Expr(call), one)
        yield one


def _place(path: Path, line: int) -> str:
    return f"{path}:{line}"


class Recorder:
    """A plugin of pytest: what each test of a file runs, with its fixtures, and how long it takes."""

    def __init__(self, kept: Mapping[str, Path]) -> None:
        """kept: where it is written down, by file of tests."""
        self._kept = kept
        self._found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self._at_import: set[str] = set()
        self._ran: set[str] = set()
        self._shared: defaultdict[str, set[str]] = defaultdict(set)
        setattr(builtins, _PROBE, self._tell)

    def _tell(self, place: str) -> None:
        self._ran.add(place)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        """What ran before the first test."""
        self._at_import, self._ran = self._ran, set()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture of several tests runs once counts for each of them."""
        before, self._ran = self._ran, set()
        result = yield
        if fixturedef.scope != "function":
            self._shared[fixturedef.argname] |= self._ran
        self._ran |= before
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """A test, from its fixtures to their end."""
        self._ran, begun = set(), time.monotonic()
        result = yield
        shared = [self._shared[name] for name in item.fixturenames]
        ran = self._ran.union(*shared)
        self._found[item.nodeid.partition("::")[0]][item.nodeid] = {
            "seconds": round(time.monotonic() - begun, 3),
            "ran": sorted(ran),
        }
        return result

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Keep it, if all of them pass."""
        for file, path in self._kept.items() if exitstatus in PASSES else ():
            found = {"tests": self._found[file], "at_import": sorted(self._at_import)}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found), "utf-8")


class Cover:
    """Of some files of tests: which of them come by which place."""

    def __init__(self, tests: Mapping[str, Any], at_import: Iterable[str]) -> None:
        """tests: what `Recorder` has found of them."""
        self._at_import = {*at_import}
        self.seconds = {test: one["seconds"] for test, one in tests.items()}
        self._by: defaultdict[str, set[str]] = defaultdict(set)
        for test, one in tests.items():
            for place in one["ran"]:
                self._by[place].add(test)

    def of(self, path: Path, line: int) -> set[str]:
        """The tests that come by the statement of this line; all, where that cannot be told.

        Of what runs at import those, too, in whose file it is named: they need not come by a statement of ours to use it.
        """
        lines = Lines()
        places = lines.places(path, line)
        if places is None or not self._at_import.isdisjoint(places):
            return {*self.seconds}
        found = {test for place in places for test in self._by[place]}
        return found | {
            test
            for test in self.seconds
            if not lines.names.isdisjoint(_words(Path(test.partition("::")[0])))
        }

    def is_imported(self, path: Path, line: int) -> bool:
        """Whether that runs before the first test."""
        return not self._at_import.isdisjoint(Lines().places(path, line) or ())


class Lines:
    """Where a test must come by that is to notice a change."""

    def __init__(self) -> None:
        self.names: set[str] = set()  # that were looked up

    def places(self, path: Path, line: int) -> set[str] | None:
        """Of this line; None: who knows."""
        statement, function = _statements(path)[line]
        match statement:
            case (
                None | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant())
            ):
                return set()
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = (
                    one for one in ast.walk(statement) if isinstance(one, ast.stmt)
                )
                return {_place(path, one.lineno) for one in inner}
        if function is not None:
            return {_place(path, statement.lineno)}
        return self._naming(_names(statement))

    def _naming(self, names: set[str]) -> set[str] | None:
        """Where one of these is named; through what is made of it at import, too."""
        found: set[str] = set()
        new, self.names = names - self.names, self.names | names
        for path, line in (one for name in new for one in _mentions(OURS)[name]):
            there = self.places(path, line)
            if there is None:
                return None
            found |= there
        return found if names else None


@cache
def _statements(path: Path) -> list[tuple[ast.stmt | None, ast.stmt | None]]:
    """By line: the innermost statement, and the function that it stands in."""
    text = path.read_text("utf-8")
    found: list[tuple[ast.stmt | None, ast.stmt | None]] = [(None, None)]
    found *= text.count("\n") + 2

    def visit(node: ast.AST, function: ast.stmt | None) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                for n in range(child.lineno, (child.end_lineno or 0) + 1):
                    found[n] = child, function
            visit(child, child if isinstance(child, _FUNCTION) else function)

    visit(ast.parse(text), None)
    return found


def _names(statement: ast.stmt) -> set[str]:
    """What a statement of a module or a class gives a value to."""
    match statement:
        case ast.Assign(targets=targets):
            return {one.id for one in targets if isinstance(one, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.ClassDef(name=name):
            return {name}
    return set()


@cache
def _words(path: Path) -> frozenset[str]:
    return frozenset(_WORD.findall(path.read_text("utf-8")))


@cache
def _mentions(roots: tuple[Path, ...]) -> defaultdict[str, list[tuple[Path, int]]]:
    found: defaultdict[str, list[tuple[Path, int]]] = defaultdict(list)
    for path in (path for root in roots for path in root.rglob("*.py")):
        for n, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for word in {*_WORD.findall(line)}:
                found[word].append((path, n))
    return found

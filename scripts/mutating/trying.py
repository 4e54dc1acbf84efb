"""What is tried, and the import to which a changed module is served. No file is written, so nothing stays broken behind
whoever is killed.
"""

from __future__ import annotations

import ast
import os
import signal
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import CodeType

SURVIVED, KILLED, TIMED_OUT = "survived", "killed", "timed out"
_NOT_OURS: Final = (
    "hypothesis.strategies", "psycopg", "msgspec", "structlog", "kafka", "asgiref.sync", "django.test",
    "django.db.backends.postgresql.features", "prometheus_client", "celery.app.task", "cryptography.fernet",
)  # fmt: skip


class Trial(NamedTuple):
    """A mutant, the code of its whole module, and the tests that judge it. cold: to be imported, not put in."""

    path: Path
    key: str
    code: CodeType
    tests: Sequence[str]
    cold: bool


class Result(NamedTuple):
    """What became of a mutant, and the test that noticed."""

    word: str
    by: str


class Served(SourceFileLoader):
    """Finds a module of ours and gives this for its code."""

    def __init__(self, path: Path, code: CodeType) -> None:
        name = path.with_suffix("").as_posix().replace("/", ".")
        super().__init__(name.removesuffix(".__init__"), str(path.resolve()))
        self._code = code

    def find_spec(
        self, fullname: str, _path: Any, _target: Any = None
    ) -> ModuleSpec | None:
        return (
            spec_from_file_location(fullname, self.path, loader=self)
            if fullname == self.name
            else None
        )

    def get_code(self, _fullname: str) -> CodeType:
        return self._code


def prepare() -> None:
    """Import what is not ours, once."""
    for name in _NOT_OURS:
        import_module(name)


def compiled(path: Path, tree: ast.Module | None = None) -> CodeType:
    """A module's code; as it is, if nothing else is given."""
    tree = tree or ast.parse(path.read_text("utf-8"))
    code: CodeType = compile(tree, str(path.resolve()), "exec", dont_inherit=True)
    return code


def forked(what: Callable[[], int]) -> int:
    """Do it in a process of its own; its status."""
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        os._exit(what())
    return waited(pid)


def waited(pid: int) -> int:
    """A process's status, when it has ended. What its tests have left behind ends with it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]

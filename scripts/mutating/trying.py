"""One mutant, one process: forked from one that has imported what is not ours, so that it costs little but the tests.

The changed module is served to the import; no file is written, so nothing stays broken behind whoever is killed.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ast
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import CodeType

    from scripts.mutating.__main__ import File

SURVIVED, KILLED, TIMED_OUT = "survived", "killed", "timed out"
_NOT_OURS: Final = (
    "pytest", "hypothesis.strategies", "psycopg", "msgspec", "structlog", "kafka", "asgiref.sync", "django.test",
    "django.db.backends.postgresql.features", "prometheus_client", "celery.app.task", "cryptography.fernet",
)  # fmt: skip
_OPTIONS: Final = (
    "-q", "-x", "--tb=line", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:playwright",
    "-Wignore::pytest.PytestAssertRewriteWarning", "--reuse-db",
)  # fmt: skip


class _Served(SourceFileLoader):
    """Finds the changed module and gives it for its file."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        name = (
            path.with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        )
        super().__init__(name, str(path.resolve()))
        self._tree = tree

    def find_spec(
        self, fullname: str, _path: Any, _target: Any = None
    ) -> ModuleSpec | None:
        return (
            spec_from_file_location(fullname, self.path, loader=self)
            if fullname == self.name
            else None
        )

    def get_code(self, fullname: str) -> CodeType:
        return compile(
            self._tree, self.get_filename(fullname), "exec", dont_inherit=True
        )


def prepare() -> None:
    """Import what is not ours, once."""
    for name in _NOT_OURS:
        import_module(name)
    gc.freeze()


def timed(
    file: File, tree: ast.Module | None, log: Path, *, most_s: float, fresh: bool
) -> tuple[str, float]:
    """Run a file's tests: what became of it, and the seconds. tree: None: as it is. fresh: on a database made anew."""
    begun, pid = time.monotonic(), os.fork()
    if pid == 0:
        os._exit(_run(file, tree, log, fresh=fresh))
    handle = os.pidfd_open(pid)
    try:
        in_time = bool(select.select([handle], [], [], most_s)[0])
    finally:
        os.close(handle)
        with suppress(ProcessLookupError):  # it, and what its tests have left behind
            os.killpg(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    result = TIMED_OUT if not in_time else KILLED if status else SURVIVED
    return result, time.monotonic() - begun


def _run(file: File, tree: ast.Module | None, log: Path, *, fresh: bool) -> int:
    os.setpgid(0, 0)
    sys.dont_write_bytecode, sys.pycache_prefix = (
        False,
        str(log.parent.resolve() / "pycache"),
    )
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if tree is not None:
        sys.meta_path.insert(0, _Served(file.path, tree))
    try:
        code = int(
            import_module("pytest").main(
                [*_OPTIONS, *["--create-db"] * fresh, *file.tests]
            )
        )
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001  (a mutant may raise anything, at any import)
        os.write(2, repr(error).encode())
        return 1
    return code

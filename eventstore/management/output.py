"""The file that a command writes: under its name only when it is complete, and for its owner's eyes only."""

from __future__ import annotations

import fcntl
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def opened(name: str, note: Callable[[str], None]) -> Iterator[BinaryIO]:
    """The file, or the standard output for -. Removes, and notes, what one that was killed has left beside it."""
    if name == "-":
        yield sys.stdout.buffer
        return
    path = Path(name)
    if path.exists() and not path.is_file():  # a device or a pipe stays what it is
        with path.open("wb") as stream:
            yield stream
        return
    for left in _abandoned(path):
        note(f"Removed {left}: what an earlier one that was killed had written.")
    # a new name, so that nobody can have prepared a file or a link under it
    descriptor, part = mkstemp(".part", path.name + ".", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # says that somebody writes to it
            yield stream
            stream.flush()
            os.fsync(descriptor)
            Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _abandoned(path: Path) -> Iterator[Path]:
    """Removes parts of this file to which nobody writes; each that was removed."""
    ours = re.compile(re.escape(path.name) + r"\.[a-z0-9_]{8}\.part")
    for part in sorted(path.parent.iterdir()) if path.parent.is_dir() else ():
        if ours.fullmatch(part.name) and _is_ours(part) and _is_left_alone(part):
            part.unlink(missing_ok=True)
            yield part


def _is_ours(part: Path) -> bool:
    return (
        not part.is_symlink() and part.is_file() and part.stat().st_uid == os.geteuid()
    )


def _is_left_alone(part: Path) -> bool:
    with part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True

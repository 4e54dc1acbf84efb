"""What each process says of its own doing: one file a process, one JSON line a fact, written before it goes on.

A line that was written survives `kill -9` of its writer; the last one may be torn. Each also has "mono", seconds on the
monotonic clock, so that a person can see what happened when; nobody judges by it.

    {"t":"try","a":attempt,"c":commit id,"s":stream,"e":expected,"n":events,"m":mode}   before the call
    {"t":"answer","a":attempt,"is":"accepted","c":commit id,"first":1,"last":3,"at":[positions],"ms":recorded_at}
    {"t":"answer","a":attempt,"is":the error's code,"head":4}                              unknown: with "c", not "head"
    {"t":"wrong","kind":one of the zeros,"what":…}                                         what a reader saw; how far followers stayed behind
    {"t":"read","s":stream,"from":1,"n":events,"d":digest,"end":the head before}           without an end, by the reader
    {"t":"load","s":stream,"v":version,"state":…}                                          by the loader
    {"t":"feed","events":n,"heads":{stream: version}}                                      at its end

The commit id of a try is null where the store is to make it: then nobody knows it before the answer.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Journal:
    """Append-only; safe from several threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def write(self, fact: dict[str, Any]) -> None:
        """Hand the line to the operating system before this returns."""
        stamped = {**fact, "mono": round(time.monotonic(), 3)}
        line = json.dumps(stamped, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._file.write(line)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def facts(path: Path) -> Iterator[dict[str, Any]]:
    """All whole lines of a journal."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


class Tail:
    """Follows a file that somebody else writes."""

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        self._path = path
        self._at = path.stat().st_size if from_end and path.exists() else 0

    def lines(self) -> list[bytes]:
        """The whole lines that came since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        return whole.splitlines()

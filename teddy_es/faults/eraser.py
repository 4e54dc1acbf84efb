"""The eraser process: has persons forgotten all the while, and is killed over it; at the end another finishes what was begun."""

from __future__ import annotations

import random
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connection

from eventstore.errors import EventStoreError
from eventstore.privacy.configured import erasing
from teddy_es.faults.journal import Journal, facts
from teddy_es.faults.said import ERASABLE

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_PAUSE_S: Final = 1.5
_RETRY_S: Final = 0.2
_TRIES: Final = 300  # when all is well again


def erase(stop: threading.Event, directory: str, generation: int, seed: str) -> None:
    """One after another until told to stop."""
    folder = Path(directory)
    _, done = _known(folder)
    journal = Journal(folder / f"eraser-{generation}.ndjson")
    dice = random.Random(f"{seed} eraser")
    order = dice.sample(ERASABLE, len(ERASABLE))
    for subject in order:
        if subject in done or stop.wait(_PAUSE_S):
            continue
        journal.write({"t": "erasing", "subject": subject})
        if _tried(subject):
            journal.write({"t": "erased", "subject": subject})
    stop.wait()


def finish(
    stop: threading.Event, directory: str, *, tried: Callable[[str], bool] | None = None
) -> None:
    """Erase everybody with whom any of them has begun. Of a process of its own: one that has only just been started again does
    not hear yet that it is to end, and ends at its work.
    """
    folder, tried = Path(directory), tried or _tried
    begun, done = _known(folder)
    with closing(Journal(folder / "eraser-end.ndjson")) as journal:
        for subject in sorted(begun - done):
            if any(tried(subject) for _ in range(_TRIES) if not stop.is_set()):
                journal.write({"t": "erased", "subject": subject})


def _known(folder: Path) -> tuple[set[str], set[str]]:
    """Whom former processes have begun with, and whom they saw erased."""
    lines = [line for path in folder.glob("eraser-*.ndjson") for line in facts(path)]
    told = {"erasing": set[str](), "erased": set[str]()}
    for line in lines:
        told[line["t"]].add(line["subject"])
    return told["erasing"], told["erased"]


def _tried(subject: str) -> bool:
    """Whether it is done; while a server is away it cannot be."""
    try:
        erasing().erase(
            subject, request=f"r-{subject}", requested_by="ada", approved_by="bo"
        )
    except (EventStoreError, DatabaseError):
        connection.close()  # as Django does between requests
        time.sleep(_RETRY_S)
        return False
    return True

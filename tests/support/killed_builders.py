"""A builder of snapshots that is killed between two steps of `Builder.build`, by the numbers of its docstring."""

from __future__ import annotations

import os
import signal
from random import Random
from typing import TYPE_CHECKING, Any, Final

import psycopg

from eventstore.clock import SystemClock
from eventstore.snapshots.builder import building, statements
from eventstore.snapshots.builder.building import Builder
from eventstore.snapshots.builder.run import Snapshotter
from eventstore.snapshots.writing import SnapshotWriter
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Callable

# What would come next there, in its stead.
NEXT: Final[dict[str, tuple[Any, str]]] = {
    "before 1, nothing is taken": (Builder, "build"),
    "behind 1, the row is taken": (Builder, "_due"),
    "behind 2, it is known what is due": (Builder, "_replayed"),
    "behind 3, all is replayed": (SnapshotWriter, "to_topic"),
    "behind 4, the topic has it": (building, "insert"),
    "in 5, behind the rows": (Builder, "_note"),
    "behind 5, committed": (Builder, "_built"),
}
BEHIND_THE_CURSOR: Final = "in 5, behind the cursor"


def build(at: str) -> None:
    """Build what is due and be killed there."""
    if at == BEHIND_THE_CURSOR:
        execute = psycopg.Connection.execute
        setattr(psycopg.Connection, "execute", _dying_behind(execute))  # noqa: B010  (its types are its own)
    else:
        setattr(*NEXT[at], _die)
    chance = Random(1)  # noqa: S311  (repeatable)
    Snapshotter(get_event_store(), SystemClock(), chance).build_due()


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying_behind(execute: Callable[..., Any]) -> Callable[..., Any]:
    def moved(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        done = execute(self, query, *args, **options)
        if query == statements.MOVE:
            _die()
        return done

    return moved

"""The export of everything, by the code of `export_events`, in a process of its own. Beside it: COPY of the same tables."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier

from eventstore.clock import SystemClock
from eventstore.exchange.exporter import export_events
from teddy_es.bench.alone import alone
from teddy_es.bench.contestants import COPY, OURS
from teddy_es.bench.figures import Series
from teddy_es.bench.tables import patient_connection, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

_Turn = tuple[tuple[int, float], float]  # events, seconds; MB


def export(plan: Plan, world: World) -> Iterator[Series]:
    """Speed, and the exporting process' peak of memory. What is written goes nowhere."""
    turns: dict[str, Callable[[], _Turn]] = {
        OURS: partial(alone, _export, world),
        COPY: _copy,
    }
    taken = plan.alternate("export", turns)
    events = taken[OURS][0][0][0]
    for name, found in taken.items():
        speeds = tuple(events / seconds for (_, seconds), _ in found)
        yield Series("export/speed", name, "events/s", speeds)
    peaks = tuple(peak for _, peak in taken[OURS])
    yield Series("export/memory", OURS, "MB", peaks)


def _export() -> tuple[int, float]:
    """In a process of its own; events and seconds."""
    with Path(os.devnull).open("wb") as nowhere:
        summary = export_events(nowhere, source="/bench", clock=SystemClock())
    return summary.events, summary.seconds


def _copy() -> _Turn:
    started = time.monotonic()
    with patient_connection() as connection, connection.cursor() as cursor:
        for table in tables(of_log=False):
            copy = SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier(table))
            with cursor.copy(copy) as rows:
                for _ in rows:
                    pass
    return (0, time.monotonic() - started), 0.0

"""From a full log to an empty mirror: one process folds everything. Beside it COPY, into the same tables and indexes."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

from psycopg.sql import SQL, Identifier

from eventstore.database import connect
from eventstore.store import make_event_store
from eventstore.upkeep.rebuild import refold, reset
from teddy_es.bench.alone import alone
from teddy_es.bench.contestants import COPY, OURS
from teddy_es.bench.figures import Series
from teddy_es.bench.fill import exported, made_up
from teddy_es.bench.tables import patient_connection, tables
from teddy_es.synth.filling import propose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

EVENTS: Final = 272_000
_PER_STREAM: Final = 40
_CHUNK: Final = 1 << 20


def mirror(plan: Plan, world: World) -> Iterator[Series]:
    """Speed, and the folding process' peak of memory."""
    plan.tell("mirror: filling the log")
    events = _fill_log(plan, world)
    plan.tell("mirror: a first fold, to warm up")
    alone(_fold, world)
    with ExitStack() as opened:
        rows = {
            table: opened.enter_context(TemporaryFile())
            for table in tables(of_log=False)
        }
        for table, file in rows.items():
            _copy_out(table, file)
        turns = {OURS: partial(_turn, world), COPY: partial(_copy_in, rows)}
        taken = plan.alternate("mirror", turns)
    for name, found in taken.items():
        speeds = tuple(events / seconds for seconds, _ in found)
        yield Series("mirror/speed", name, "events/s", speeds)
    yield Series("mirror/memory", OURS, "MB", tuple(peak for _, peak in taken[OURS]))


def _fill_log(plan: Plan, world: World) -> int:
    if plan.file is not None:
        commits = exported(world, plan.file, plan.events)
    else:
        wanted = plan.events or EVENTS
        commits = made_up(
            world, "filled", wanted, streams=max(1, wanted // _PER_STREAM)
        )
    return propose(make_event_store(), commits)


def _turn(world: World) -> tuple[float, float]:
    """Seconds and MB of one fold from nothing."""
    with connect() as connection:
        reset(connection)
    return alone(_fold, world)


def _fold() -> float:
    """In a process of its own; seconds."""
    with make_event_store().indexer() as indexer:
        started = time.monotonic()
        refold(indexer, progress=lambda _place, _moved: None)
        return time.monotonic() - started


def _copy_out(table: str, file: IO[bytes]) -> None:
    """Keep the rows, and make a table of the same form, indexes included, for them."""
    copy = SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier(table))
    with patient_connection() as connection, connection.cursor() as cursor:
        with cursor.copy(copy) as rows:
            for row in rows:
                file.write(row)
        connection.execute(
            SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                Identifier(f"bench_{table}"), Identifier(table)
            )
        )


def _copy_in(rows: Mapping[str, IO[bytes]]) -> tuple[float, float]:
    """Seconds of one COPY for each table, all in one transaction."""
    with patient_connection() as connection, connection.cursor() as cursor:
        for table in rows:
            cursor.execute(SQL("TRUNCATE {}").format(Identifier(f"bench_{table}")))
        started = time.monotonic()
        with connection.transaction():
            for table, file in rows.items():
                file.seek(0)
                copy = SQL("COPY {} FROM STDIN (FORMAT binary)")
                with cursor.copy(copy.format(Identifier(f"bench_{table}"))) as into:
                    while chunk := file.read(_CHUNK):
                        into.write(chunk)
        return time.monotonic() - started, 0.0

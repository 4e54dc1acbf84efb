"""One fold's writes in one flush: the cursor first, then mirror, index, heads; commit (rules 6 and 7).

A few rows go out as arrays in one pipeline with the compare-and-set in front: one round trip, as few statements as can
be. Many go by COPY, which writes a row ten times as fast but cannot stand in a pipeline: the cursor is moved, and seen
to have moved, before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from eventstore.database import translated
from eventstore.database.arrays import array
from eventstore.indexer.rows import Row, Rows, rows_of
from eventstore.indexer.statements import (
    EVENTS,
    MOVE_CURSOR,
    MOVED_TYPES,
    NEW_TYPES,
    RECORDS,
    SET_HEADS,
    WRITE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from eventstore.indexer.view import View
    from eventstore.protocol.fold import Folded

    Connection = psycopg.Connection[Any]

MANY: Final = (
    60  # rows of mirror and index, from which on COPY's further round trips pay
)


@dataclass(slots=True)
class Stretch:
    """What one transaction writes: a view, what was folded on it, and the cursor behind that.

    begun: the look-up has opened the transaction already.
    """

    view: View
    folded: Folded
    cursor: int
    begun: bool = False
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        """Make the rows."""
        self.rows = rows_of(self.view.place, self.view.number, self.folded.judged)

    @property
    def is_committed(self) -> bool:
        """Whether its COMMIT was answered."""
        return self.view.cursor == self.cursor

    @property
    def is_long(self) -> bool:
        """Whether it is written by COPY."""
        return len(self.rows.records) + len(self.rows.events) >= MANY


def flush(connection: Connection, stretch: Stretch) -> None:
    """Write and commit; then the view is moved. Raises `Overtaken` if the cursor stood elsewhere: nothing is written."""
    with translated(), connection.pipeline():
        _move_cursor(connection, stretch)
        if not stretch.is_long:
            _write(connection, stretch)
    if stretch.is_long:
        _copy(connection, stretch)
    _move_view(stretch)


def flush_together(connection: Connection, stretches: Sequence[Stretch]) -> None:
    """Write and commit each in a transaction of its own, all in one round trip.

    The view of each whose COMMIT was answered is moved. The first that fails raises as in `flush`, and keeps those
    behind it from being executed.
    """
    commits: list[psycopg.Cursor[Any]] = []
    try:
        with translated(), connection.pipeline():
            for stretch in stretches:
                _move_cursor(connection, stretch)
                commits.append(_write(connection, stretch))
    finally:
        for stretch, commit in zip(stretches, commits, strict=False):
            if commit.statusmessage == "COMMIT":
                _move_view(stretch)


def _move_view(stretch: Stretch) -> None:
    stretch.view.move(stretch.folded, stretch.cursor)


def _move_cursor(connection: Connection, stretch: Stretch) -> None:
    view, folded = stretch.view, stretch.folded
    if not stretch.begun:
        connection.execute("BEGIN")
    connection.execute(
        MOVE_CURSOR,
        {
            "partition": view.partition_id,
            "seen": view.cursor,
            "generation": view.generation,
            "next": stretch.cursor,
            "last_recorded_at": folded.last_recorded_at,
            "rule_version": folded.rule_version,
        },
    )


def _write(connection: Connection, stretch: Stretch) -> psycopg.Cursor[Any]:
    """Write all rows, and commit; the cursor of the COMMIT."""
    rows = stretch.rows
    connection.execute(
        WRITE,
        [
            *_arrays(RECORDS.types.values(), rows.records),
            *_arrays(EVENTS.types.values(), rows.events),
            *_heads(stretch),
        ],
    )
    return connection.execute("COMMIT")


def _copy(connection: Connection, stretch: Stretch) -> None:
    rows = stretch.rows
    with connection.cursor() as cursor:
        for target, some in ((RECORDS, rows.records), (EVENTS, rows.events)):
            with cursor.copy(target.copy) as copy:
                copy.set_types(list(target.types.values()))
                for row in some:
                    copy.write_row(row)
    with connection.pipeline():
        connection.execute(SET_HEADS, _heads(stretch))
        connection.execute("COMMIT")


def _heads(stretch: Stretch) -> list[Any]:
    rows = stretch.rows
    number = stretch.view.number
    return [*_arrays(MOVED_TYPES, rows.moved), number, *_arrays(NEW_TYPES, rows.new)]


def _arrays(types: Iterable[str], rows: Sequence[Row]) -> list[bytes]:
    return [
        array(type_, [row[column] for row in rows])
        for column, type_ in enumerate(types)
    ]

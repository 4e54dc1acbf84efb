"""The one place where reads get their database connection: Django's, in whatever transaction the caller is in.

After a crash of the database the last folds may be gone until they are repeated, though their appends were
acknowledged. A crash ends every connection; so each new one looks once for the mark that a crash removes, and without
it the log is folded to its end before anything is read (rule 16).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from weakref import WeakKeyDictionary, WeakSet

import psycopg
import structlog
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorWrapper
from psycopg import capabilities
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

from eventstore.conf import registry
from eventstore.errors import EventStoreError, IndexIncomplete, LogUnavailable
from eventstore.indexer.mark import is_set
from eventstore.numbering import NUMBERED, refuse_other_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from eventstore.queries.rows import Cursor
    from eventstore.registry import Registry

logger = structlog.get_logger(__name__)

_ARRIVING: Final = 250  # rows at a time
_PREPARE_AFTER: Final = 2  # times that a statement was executed
# By Django's wrapper, which each thread has one of: by psycopg's connection, to which the cursor holds on, none would ever go.
_prepared: WeakKeyDictionary[Any, psycopg.Cursor[Any]] = WeakKeyDictionary()
_looked: WeakSet[Any] = WeakSet()  # psycopg's connections on which the mark was seen
# Registries whose numbers are those of the rows: once a process, for rows never get others. By the database's name.
_numbered: WeakKeyDictionary[Registry, set[str]] = WeakKeyDictionary()


@contextmanager
def reading_cursor() -> Iterator[CursorWrapper]:
    """A cursor for reads. Outside of a transaction it sees everything that was acknowledged.

    Raises `IndexIncomplete` if it cannot be told that it does: the log does not answer, a partition has stopped, or
    the caller's transaction began before the index was complete. Raises `LogMisconfigured`, at a process's first read, where
    the stream types have other numbers than the rows.
    """
    with connection.cursor() as cursor:
        if connection.connection not in _looked:
            _look_at_numbers(cursor)
            _complete(cursor)
            _looked.add(connection.connection)
        # psycopg's own loader, in C: Django's takes a third of the time in which a stream is read
        cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        yield cursor


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor for the few reads that everybody waits for: PostgreSQL parses and plans each statement once a connection.

    Django binds parameters itself, so every statement is a new one: three quarters of the time in which a handful of a
    stream's events are read. Results are binary: a value travels as it is. One a connection, for it costs something to make; whoever executes a statement fetches
    all rows of it before anybody else does. Raises as `reading_cursor`.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    wrapper = connections[DEFAULT_DB_ALIAS]
    raw = _prepared.get(wrapper)
    if raw is None or raw.connection is not connection.connection:
        with reading_cursor():  # is the index complete?
            raw = _Prepared(connection.connection)
            raw.format = psycopg.pq.Format.BINARY
        connection.connection.prepare_threshold = _PREPARE_AFTER
        _prepared[wrapper] = raw
    make: Any = (
        connection.make_debug_cursor
        if connection.queries_logged
        else connection.make_cursor
    )
    yield make(raw)  # not closed: the next one uses it again


class _Prepared(psycopg.Cursor[Any]):
    """A cursor whose statements are planned anew where a migration has gone by: "cached plan must not change result type"."""

    def execute(self, *given: Any, **options: Any) -> _Prepared:
        """See psycopg. Within a transaction the error stands, and its rollback forgets what was prepared."""
        try:
            super().execute(*given, **options)
        except FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
            super().execute("DEALLOCATE ALL")
            super().execute(*given, **options)
        return self


@contextmanager
def unchecked_cursor() -> Iterator[CursorWrapper]:
    """A cursor for what is true of an incomplete index, too: how far it has come."""
    with connection.cursor() as cursor:
        yield cursor


def arriving_rows(
    cursor: Cursor, statement: str, given: Mapping[str, Any], *, many: bool
) -> Generator[tuple[Any, ...]]:
    """The rows of a statement; many of them while they arrive, so that server and reader work at the same time.

    Whoever begins must read to the end, or close this, before the connection is used for anything else.
    """
    if many and _can_stream(cursor):
        with cursor.db.wrap_database_errors:
            rows = cursor.cursor.stream(statement, given, size=_ARRIVING)
            try:
                for row in rows:  # noqa: UP028  (`yield from` would close it)
                    yield row
            finally:
                # Whoever stops half-way leaves rows on their way, and the connection's lock held; psycopg would cancel
                # the statement, and with it the caller's transaction.
                for _ in rows:
                    pass
    else:
        cursor.execute(statement, given)
        yield from cursor.fetchall()


def _can_stream(cursor: Cursor) -> TypeGuard[CursorWrapper]:
    """Not where Django logs the queries: it would not see this one. And libpq can do so since its version 17."""
    return (
        isinstance(cursor, CursorWrapper)
        and not cursor.db.queries_logged
        and capabilities.has_stream_chunked()
    )


def completed_by(complete: Callable[[], object]) -> Callable[[], object]:
    """Have this called where the mark is missing: it folds to the log's end and sets it. Returns who did so before."""
    before = _completing[0]
    _completing[0] = complete
    return before


def _nobody() -> None:
    raise IndexIncomplete


_completing: list[Callable[[], object]] = [_nobody]


def _look_at_numbers(cursor: CursorWrapper) -> None:
    types, database = registry(), str(connection.settings_dict["NAME"])
    seen = _numbered.setdefault(types, set())
    if database not in seen:
        cursor.execute(NUMBERED)
        rows = cursor.fetchall()
        numbers = {known.topic: known.number for known in types.stream_types.values()}
        refuse_other_numbers(numbers, rows)
        if rows:
            seen.add(database)


def _complete(cursor: CursorWrapper) -> None:
    if is_set(cursor):
        return
    try:
        _completing[0]()
    except EventStoreError as error:
        # not all of `LogUnavailable`'s text: it speaks to writers
        cause = error.reason if isinstance(error, LogUnavailable) else str(error)
        logger.warning("reads wait for the index", code=error.code, cause=cause)
        raise IndexIncomplete(cause) from error
    if not is_set(cursor):  # this snapshot is older than the folding
        raise IndexIncomplete

"""The one place where reads get their database connection: Django's, in whatever transaction the caller is in.

Each new one is first asked whether the index is complete (`eventstore.queries.completeness`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from weakref import WeakKeyDictionary

import psycopg
import structlog
from django.db import (
    DEFAULT_DB_ALIAS,
    connection,
    connections,
    transaction,
)
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from psycopg import capabilities
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

from eventstore.database import has_hung_up, is_replanned, is_the_databases
from eventstore.database.server import judge, refuse_a_standby, write_dates_as_iso
from eventstore.queries.completeness import is_partial, look, was_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

    from eventstore.queries.rows import Cursor

logger = structlog.get_logger(__name__)

_ARRIVING: Final = 250  # rows at a time
_PREPARE_AFTER: Final = 2  # times that a statement was executed
# By Django's wrapper, which each thread has one of: by psycopg's connection, to which the cursor holds on, none would ever go.
_prepared: WeakKeyDictionary[Any, psycopg.Cursor[Any]] = WeakKeyDictionary()


@contextmanager
def reading_cursor() -> Iterator[CursorWrapper]:
    """A cursor for reads. Outside of a transaction it sees everything that was acknowledged.

    A session that was lost is replaced by one new one, there and then; within a transaction of the caller's the error
    stands. Raises `IndexIncomplete` if it cannot be told that it sees everything: the log does not answer, a partition has stopped, or
    the caller's transaction began before the index was complete; `LogMisconfigured`, at a process's first read, where the stream
    types have other numbers than the rows.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    alone = _open(wrapper)
    with _wrapped(_plain_cursor(), _plain_cursor, wrapper, alone=alone) as cursor:
        yield cursor


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor for the few reads that everybody waits for: PostgreSQL parses and plans each statement once a connection.

    Django binds parameters itself, so every statement is a new one: three quarters of the time in which a handful of a
    stream's events are read. Results are binary: a value travels as it is. One a connection, for it costs something to make; whoever executes a statement fetches
    all rows of it before anybody else does. A lost session and what is raised: as `reading_cursor`.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    alone = _open(wrapper)
    raw = _prepared.get(wrapper)
    if raw is None or raw.connection is not wrapper.connection or is_partial():
        raw = _prepared_cursor()
    # not closed: the next one uses it again
    yield _wrapped(raw, _prepared_cursor, wrapper, alone=alone)


def _open(wrapper: Any = None) -> bool:
    """Have Django's connection be one that answers; whether no transaction of the caller's is open.

    Django looks after its connections where a request begins and ends. Commands, threads and consumers have none: a
    session that ended would be asked again for ever. By the thread's wrapper: each look through `connection` costs.
    """
    wrapper = wrapper or connections[DEFAULT_DB_ALIAS]
    wrapper.close_if_health_check_failed()
    wrapper.ensure_connection()
    if wrapper.in_atomic_block or not wrapper.autocommit:
        return False
    if has_hung_up(wrapper.connection):
        wrapper.close()
        wrapper.ensure_connection()
    # a transaction that was begun by hand is one of the caller's, too
    status: TransactionStatus = wrapper.connection.pgconn.transaction_status
    return status == TransactionStatus.IDLE


def _plain_cursor() -> psycopg.Cursor[Any]:
    """One of Django's connection, as it is now, on which the index was seen to be complete."""
    connection.validate_thread_sharing()
    with connection.wrap_database_errors:
        cursor: Any = connection.create_cursor()
    if not was_seen():
        logged = connection.queries_logged
        make: Any = connection.make_debug_cursor if logged else connection.make_cursor
        look(make(cursor))
    # psycopg's own loader, in C: Django's takes a third of the time in which a stream is read
    cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
    plain: psycopg.Cursor[Any] = cursor
    return plain


def _prepared_cursor() -> psycopg.Cursor[Any]:
    """The one of Django's connection, as it is now."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    raw = _prepared.get(wrapper)
    if raw is None or raw.connection is not connection.connection or is_partial():
        _plain_cursor().close()  # is the index complete?
        raw = _Prepared(connection.connection)
        raw.format = psycopg.pq.Format.BINARY
        connection.connection.prepare_threshold = _PREPARE_AFTER
        _prepared[wrapper] = raw
    return raw


def _wrapped(
    raw: psycopg.Cursor[Any],
    make: Callable[[], psycopg.Cursor[Any]],
    wrapper: Any,
    *,
    alone: bool,
) -> CursorWrapper:
    kind = _Logged if wrapper.queries_logged else _Renewing
    wrapped = kind(raw, wrapper)
    wrapped.renewed = make if alone else None
    return wrapped


class _Renewing(CursorWrapper):
    """A cursor of reads, each a statement of its own: one that a lost session swallowed is asked again on a new one, once."""

    renewed: Callable[[], psycopg.Cursor[Any]] | None = None

    def execute(self, sql: Any, params: Any = None) -> Any:
        """See Django. A statement's rows arrive whole or not at all, so none is given twice."""
        try:
            return super().execute(sql, params)
        except Exception as error:
            if not is_the_databases(error) or not self.renew():
                raise
            return super().execute(sql, params)

    def renew(self) -> bool:
        """Have a session again if it was lost; not within a transaction, of which part would be missing. Whether it was."""
        make, raw = self.renewed, self.cursor.connection
        if make is None or not raw.closed:
            return False
        logger.warning(
            "a session was lost; the read begins again on a new one",
            action="session-lost",
        )
        if self.db.connection is raw:
            self.db.close()
        self.db.ensure_connection()
        self.cursor = make()
        # what may be read of a stream is asked at its beginning: of an index that now leaves something out, not again
        return not is_partial()


class _Logged(_Renewing, CursorDebugWrapper):
    """Where Django logs the queries."""


class _Prepared(psycopg.Cursor[Any]):
    """A cursor whose statements are planned anew where a migration has gone by: "cached plan must not change result type"."""

    def execute(self, *arguments: Any, **options: Any) -> _Prepared:
        """See psycopg. Within a transaction the error stands, and its rollback forgets what was prepared."""
        try:
            super().execute(*arguments, **options)
        except Exception as error:
            status = self.connection.info.transaction_status
            if not is_replanned(error) or status != TransactionStatus.IDLE:
                raise
            super().execute("DEALLOCATE ALL")
            super().execute(*arguments, **options)
        return self


@contextmanager
def unchecked_cursor() -> Iterator[CursorWrapper]:
    """A cursor for what is true of an incomplete index, too: how far it has come. It may write, so nothing is asked twice."""
    _open()
    with connection.cursor() as cursor:
        yield cursor


def read_rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement, read as with `reading_cursor`."""
    with reading_cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def unchecked_rows(
    statement: str, parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """All rows of one statement about what is true of an incomplete index, too."""
    with unchecked_cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def first_rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of the one statement that every request begins with, about what is true of an incomplete index, too. It is prepared.

    On a session that was lost it is asked again on a new one, as by `reading_cursor`: so Django need not ask `SELECT 1` before it,
    which takes as long. Within a transaction of the caller's the error stands.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    if not wrapper.in_atomic_block:
        wrapper.health_check_done = True  # by what follows
    alone = _open(wrapper)
    with _wrapped(_unchecked(), _unchecked, wrapper, alone=alone) as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _unchecked() -> psycopg.Cursor[Any]:
    """One of Django's connection, as it is now, that prepares."""
    raw = connection.connection
    raw.prepare_threshold = _PREPARE_AFTER
    return _Prepared(raw)


def atomic(*, durable: bool = False) -> AbstractContextManager[None]:
    """Django's, begun on a session that answers: on one that ended, no transaction would ever begin again."""
    _open()
    begun: AbstractContextManager[None] = transaction.atomic(durable=durable)
    return begun


def arriving_rows(
    cursor: Cursor, statement: str, parameters: Mapping[str, Any], *, many: bool
) -> Generator[tuple[Any, ...]]:
    """The rows of a statement; many of them while they arrive, so that server and reader work at the same time.

    Whoever begins must read to the end, or close this, before the connection is used for anything else.
    """
    if many and _can_stream(cursor):
        begun = False
        try:
            with closing(_streamed(cursor, statement, parameters)) as rows:
                for row in rows:
                    begun = True
                    yield row
        except Exception as error:
            if begun or not is_the_databases(error) or not _renewed(cursor):
                raise
            yield from _streamed(cursor, statement, parameters)
    else:
        cursor.execute(statement, parameters)
        yield from cursor.fetchall()


def _streamed(
    cursor: CursorWrapper, statement: str, parameters: Mapping[str, Any]
) -> Generator[tuple[Any, ...]]:
    with cursor.db.wrap_database_errors:
        rows = cursor.cursor.stream(statement, parameters, size=_ARRIVING)
        try:
            for row in rows:  # noqa: UP028  (`yield from` would close it)
                yield row
        finally:
            # Whoever stops half-way leaves rows on their way, and the connection's lock held; psycopg would cancel
            # the statement, and with it the caller's transaction.
            for _ in rows:
                pass


def _renewed(cursor: Cursor) -> bool:
    return isinstance(cursor, _Renewing) and cursor.renew()


def _can_stream(cursor: Cursor) -> TypeGuard[CursorWrapper]:
    """Not where Django logs the queries: it would not see this one. And libpq can do so since its version 17."""
    return (
        isinstance(cursor, CursorWrapper)
        and not cursor.db.queries_logged
        and capabilities.has_stream_chunked()
    )


def judged(*, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Django has connected: raises `DatabaseUnfit`, at every try, where no store can be kept."""
    if connection.alias != DEFAULT_DB_ALIAS or connection.vendor != "postgresql":
        return
    raw = connection.connection
    try:
        judge(raw)
        refuse_a_standby(raw)
        write_dates_as_iso(raw)
    except BaseException:
        connection.close()  # or it would be taken for judged
        raise

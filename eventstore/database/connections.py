"""The event store's own connections to PostgreSQL: never a caller's, with limits that free a held row (rule 9)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from select import POLLIN, poll
from typing import Any, Final

import psycopg
from django.db import connections
from psycopg.errors import (
    DiskFull,
    IdleInTransactionSessionTimeout,
    InsufficientPrivilege,
    PipelineAborted,
    ReadOnlySqlTransaction,
    TransactionTimeout,
)
from psycopg.pq import TransactionStatus

from eventstore.database.server import READ_ONLY, is_read_only, judge


def _is_news(record: logging.LogRecord) -> bool:
    """Not: that what stood behind a failed statement did not run either."""
    return not any(isinstance(about, PipelineAborted) for about in record.args or ())


# A fold that loses its race fails in a pipeline, is raised, and tried again. psycopg warns besides that the rest of the
# pipeline was aborted; with many processes that is a line for about every append.
logging.getLogger("psycopg").addFilter(_is_news)

_TOO_LONG: Final = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
    }
)
# Besides class 08: shut down by somebody, or by a crash; starting; its database dropped; idle_session_timeout.
_OVER: Final = _TOO_LONG | {"57P01", "57P02", "57P03", "57P04", "57P05"}

Connect = Callable[[], psycopg.Connection[Any]]

TROUBLE: Final = (
    psycopg.OperationalError,
    # the two by which a server ends a session and which psycopg does not count among its operational errors
    IdleInTransactionSessionTimeout,
    TransactionTimeout,
    ReadOnlySqlTransaction,
    InsufficientPrivilege,  # until somebody grants it
    # "cached plan must not change result type": a migration went by; a new connection plans anew
    psycopg.errors.FeatureNotSupported,
)
"""What passes when the database is back, or is the primary again: whoever meets it drops its view and tries later."""

_SETTINGS = (
    "-c lock_timeout=5000 -c statement_timeout=60000"
    " -c idle_in_transaction_session_timeout=5000"
    # the one before does not fire behind a pipeline; a process frozen in its flush must not hold the row for ever
    " -c transaction_timeout=60000"
    # Every statement here meets its index. To plan a fold's write anew each time takes longer than to execute it; but
    # a plan that is kept must not be one for the empty table that it was made on.
    " -c plan_cache_mode=force_generic_plan"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
    # whatever role or database say: the driver reads instants in no other
    " -c DateStyle=ISO -c IntervalStyle=postgres"
)


def connect(alias: str = "default") -> psycopg.Connection[Any]:
    """A new connection to the database that Django knows by this alias, in autocommit.

    Its own, so that a caller's open transaction neither holds a partition's row nor can roll the mirror back. Raises
    `DatabaseUnfit` for a server that is none for a store, and `ReadOnlySqlTransaction`, of `TROUBLE`, for one that may become one.
    """
    wrapper = connections[alias]
    params = wrapper.get_connection_params()
    params.pop("context", None)
    params.pop("cursor_factory", None)
    limited = _limited(params)
    try:
        connection = psycopg.connect(**limited)
    except psycopg.OperationalError:
        # An older server does not know a limit, a pooler takes none: who connects without them learns which.
        with psycopg.connect(**{**limited, "options": ""}) as plain:
            judge(plain)
        raise
    try:
        judge(connection)
        _refuse_read_only(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_read_only(connection: psycopg.Connection[Any]) -> None:
    if is_read_only(connection):
        raise ReadOnlySqlTransaction(READ_ONLY.problem)


def _limited(params: dict[str, Any]) -> dict[str, Any]:
    return params | {
        "autocommit": True,
        "options": f"{params.get('options', '')} {_SETTINGS} -c TimeZone=UTC".strip(),
        "application_name": "eventstore fold",
        # Django prepares nothing; here the same few statements are sent all day
        "prepare_threshold": 2,
        # else a network that swallows packets holds the thread for a quarter of an hour
        "connect_timeout": 5,
        "tcp_user_timeout": 20_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def has_hung_up(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has ended this session since it was last asked. Costs no round trip.

    What it said in parting, and the end of the stream behind it, lie unread in the socket. A network that swallowed the
    session says nothing: that shows at the next statement.
    """
    if connection.closed:
        return True
    pgconn = connection.pgconn
    if pgconn.transaction_status != TransactionStatus.IDLE:
        return False  # somebody reads from it
    waiting = poll()
    waiting.register(pgconn.socket, POLLIN)
    try:
        while waiting.poll(0):
            pgconn.consume_input()
    except psycopg.OperationalError:  # that is how libpq says that it is over
        return True
    return False


def is_trouble(error: BaseException) -> bool:
    """Whether this is of `TROUBLE`. The error is psycopg's, or Django's round it, whose class tells less."""
    return isinstance(error, TROUBLE) or isinstance(error.__cause__, TROUBLE)


def is_lost(
    error: BaseException, connection: psycopg.Connection[Any] | None = None
) -> bool:
    """Whether a session is over, so that nothing can be asked or rolled back on it any more.

    Where the connection is at hand its state alone says so: it knows whose session ended, and whatever was raised since.
    Else the error's SQLSTATE does, or that it has none: then the server said nothing, and was not there. Never its class:
    PostgreSQL ends a session that idles in a transaction by what psycopg counts among internal errors. The error is
    psycopg's, or Django's round it.
    """
    if connection is not None:
        return connection.closed
    found = _psycopgs(error)
    if found is None:
        return False
    if found.sqlstate is None:
        return isinstance(found, (psycopg.OperationalError, psycopg.InterfaceError))
    return found.sqlstate.startswith("08") or found.sqlstate in _OVER


def took_too_long(error: BaseException) -> bool:
    """Whether PostgreSQL ended the session because of how long its transaction took, or was idle; also behind what was raised upon it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, psycopg.Error) and seen.sqlstate in _TOO_LONG:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _psycopgs(error: BaseException) -> psycopg.Error | None:
    for one in (error, error.__cause__):
        if isinstance(one, psycopg.Error):
            return one
    return None


def told(error: BaseException) -> str:
    """What is the matter with the database, for whoever waits for it; without its own text, which may quote a row."""
    return named(error) or f"the database did not answer ({type(error).__name__})"


def named(error: BaseException) -> str | None:
    """What is the matter, and what to do, where the SQLSTATE tells; None where it does not."""
    if is_full(error):
        return "the database's disk is full; make room on it, and everything goes on by itself"
    for kind, said in _NAMED.items():
        if isinstance(error, kind) or isinstance(error.__cause__, kind):
            return said
    return None


_NAMED: Final = {
    ReadOnlySqlTransaction: "the database is read-only: a standby, or default_transaction_read_only is on; let DATABASE_URL name"
    " the primary, with a role and a database that may write",
    InsufficientPrivilege: "the database's role lacks a right; as the tables' owner run `manage.py database_roles`, which says"
    " the GRANTs that each role needs",
}


def is_full(error: BaseException) -> bool:
    """Whether the database lacks space on its disk. The error is psycopg's, or Django's round it."""
    return isinstance(error, DiskFull) or isinstance(error.__cause__, DiskFull)

"""The event store's own connections to PostgreSQL: never a caller's, with limits that free a held row (rule 9)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from select import POLLIN, poll
from typing import Any

import psycopg
from django.db import connections
from psycopg.errors import PipelineAborted, ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus

from eventstore.database.conditions import translated
from eventstore.database.schema import judge_schema
from eventstore.database.server import READ_ONLY, is_read_only, judge


def _is_news(record: logging.LogRecord) -> bool:
    """Not: that what stood behind a failed statement did not run either."""
    return not any(isinstance(about, PipelineAborted) for about in record.args or ())


# A fold that loses its race fails in a pipeline, is raised, and tried again. psycopg warns besides that the rest of the
# pipeline was aborted; with many processes that is a line for about every append.
logging.getLogger("psycopg").addFilter(_is_news)

Connect = Callable[[], psycopg.Connection[Any]]

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
    `DatabaseUnfit` for a server that is none for a store, and `DatabaseUnanswered` where there is none, or one that may become one.
    """
    with translated():
        return _connected(alias)


def _connected(alias: str) -> psycopg.Connection[Any]:
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
        judge_schema(connection, alias)
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

"""The event store's own connections to PostgreSQL: never a caller's, with limits that free a held row (rule 9)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from select import POLLIN, poll
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from django.db import connections
from psycopg.errors import PipelineAborted, ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus

from eventstore.database.conditions import translated
from eventstore.database.schema import judge_schema
from eventstore.database.server import READ_ONLY, is_read_only, judge

if TYPE_CHECKING:
    from psycopg.abc import PQGen

T = TypeVar("T")
_TOO_LONG: Final = "the server does not answer in time"


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
        return _connected(alias, psycopg.Connection)


def connect_impatiently(alias: str, *, patience_s: float) -> psycopg.Connection[Any]:
    """As `connect`; no answer takes longer than so many seconds, also of a server that is frozen and so keeps no limit of its own."""

    class Impatient(psycopg.Connection[Any]):
        def wait(self, gen: PQGen[T], *arguments: Any, **options: Any) -> T:
            return super().wait(_within(gen, self, patience_s), *arguments, **options)

    with translated():
        return _connected(alias, Impatient)


def _within(
    gen: PQGen[T], connection: psycopg.Connection[Any], patience_s: float
) -> PQGen[T]:
    """The same steps, up to a time. psycopg takes one every tenth of a second, also where nothing came; what did come counts, however late."""
    until = time.monotonic() + patience_s
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() >= until:
                connection.close()
                raise psycopg.OperationalError(_TOO_LONG)
            wanted = gen.send(ready)
    except StopIteration as done:
        answer: T = done.value
        return answer


def _connected(
    alias: str, kind: type[psycopg.Connection[Any]]
) -> psycopg.Connection[Any]:
    wrapper = connections[alias]
    params = wrapper.get_connection_params()
    params.pop("context", None)
    params.pop("cursor_factory", None)
    limited = _limited(params)
    try:
        connection = kind.connect(**limited)
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


def and_hang_up(call: Callable[[], T]) -> T:
    """Call in a thread of an event loop's: what Django has opened for that thread would stay open, and nobody would look after it."""
    try:
        return call()
    finally:
        connections.close_all()


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

"""A session that PostgreSQL ended is no end of the process's reads: outside of a transaction they go on by a new one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from io import StringIO
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command
from django.db import (
    InternalError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.management.troubles import reported_in_a_line
from eventstore.queries.connection import (
    arriving_rows,
    atomic,
    first_rows,
    prepared_cursor,
    reading_cursor,
    unchecked_cursor,
)
from eventstore.queries.jobs import runs
from eventstore.queries.keyset import Wanted
from eventstore.upkeep.jobs import Job, JobOutcome, Jobs
from tests.plugins.kafka_logs import until
from tests.plugins.stores import WITHOUT_PRIVACY
from tests.support.connections import Line, LineConnection
from tests.support.processes import a_process, heard, told
from tests.support.servers import a_server
from tests.support.worlds import World, changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

MARK = "SELECT count(*) FROM eventstore_indexcomplete"
NUMBERS = "SELECT generate_series(1, %(last)s)"
HOUR = timedelta(hours=1)
CURSORS = [prepared_cursor, reading_cursor]


@pytest.fixture
def stream(embedded_store: EventStore) -> str:
    """Of 450 commits, so of a small page and a large one, which arrives while it is read."""
    topic = next(iter(embedded_store.topics.numbers))
    stream = f"{topic.partition('.')[2]}.o-1"
    for n in range(450):
        embedded_store.submit(stream, [changed(n)], n)
    embedded_store.append(stream, [changed(450)], 450)
    list(embedded_store.read(stream))  # Django's connection is there
    return stream


def pid() -> int:
    """Of this thread's session, Django's."""
    connection.ensure_connection()
    found: int = connection.connection.info.backend_pid
    return found


def lose(*sessions: int) -> None:
    """End sessions, this thread's if none is named, as an administrator does, and wait until they are gone."""
    with closing(connect()) as other:
        for session in sessions or [pid()]:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [session])


def gone(session: int) -> Callable[[], bool]:
    """Whether the server has ended it by itself."""

    def is_gone() -> bool:
        alive = "SELECT FROM pg_stat_activity WHERE pid = %s"
        with closing(connect()) as other:
            return other.execute(alive, [session]).fetchone() is None

    return is_gone


def exported(stream: str) -> int:
    with TemporaryDirectory() as directory:
        out = Path(directory) / "events.ndjson"
        call_command("export_events", stream=stream, output=str(out), stderr=StringIO())
        return out.read_text().count("\n")


READS: dict[str, Callable[[EventStore, str], int]] = {
    "read": lambda store, stream: len(list(store.read(stream))),
    "history": lambda store, stream: len(list(store.history(stream))),
    "backwards": lambda store, stream: len(list(store.read(stream, backwards=True))),
    "read_all": lambda store, _: len(store.read_all()[0]),
    "stream_info": lambda store, stream: store.stream_info(stream).version,
    "export_events": lambda _, stream: exported(stream),
}


@pytest.mark.parametrize("what", READS)
def test_the_first_read_after_it_is_answered(
    embedded_store: EventStore, stream: str, what: str
) -> None:
    before = READS[what](embedded_store, stream)

    lose()

    assert READS[what](embedded_store, stream) == before == 451


def test_the_first_read_of_a_coroutine_is_answered(
    embedded_store: EventStore, stream: str
) -> None:
    async def work() -> int:
        try:
            await embedded_store.aread(stream, limit=1)
            lose(await sync_to_async(pid)())
            return len(await embedded_store.aread(stream))
        finally:
            await sync_to_async(connections.close_all)()

    assert asyncio.run(work()) == 451


def test_each_thread_of_a_pool_goes_on(embedded_store: EventStore, stream: str) -> None:
    together = Barrier(3)

    def read(_: int) -> tuple[int, int]:
        together.wait(120)  # so that each is another thread's
        return len(list(embedded_store.read(stream))), pid()

    def close(_: int) -> None:
        together.wait(120)
        connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        sessions = {session for _, session in pool.map(read, range(3))}
        lose(*sessions)

        again = list(pool.map(read, range(3)))
        list(pool.map(close, range(3)))

    assert [length for length, _ in again] == [451] * 3
    assert len(sessions) == 3
    assert not sessions & {session for _, session in again}


@pytest.mark.parametrize("kind", CURSORS)
def test_a_statement_that_finds_out_is_asked_again(kind: Any, stream: str) -> None:
    with kind() as cursor:
        lose()
        cursor.execute(NUMBERS, {"last": 3})

        assert cursor.fetchall() == [(1,), (2,), (3,)]


@pytest.mark.parametrize("kind", CURSORS)
def test_rows_that_were_to_arrive_are_asked_for_again(kind: Any, stream: str) -> None:
    with kind() as cursor:
        lose()
        rows = arriving_rows(cursor, NUMBERS, {"last": 3}, many=True)

        assert list(rows) == [(1,), (2,), (3,)]


def test_it_is_asked_again_where_queries_are_logged(stream: str) -> None:
    connection.force_debug_cursor = True
    try:
        with reading_cursor() as cursor:
            lose()
            cursor.execute(NUMBERS, {"last": 2})
            assert cursor.fetchall() == [(1,), (2,)]
    finally:
        connection.force_debug_cursor = False


def test_rows_are_not_given_twice(embedded_store: EventStore, stream: str) -> None:
    seen: list[int] = []
    with reading_cursor() as cursor:
        rows = arriving_rows(cursor, NUMBERS, {"last": 3_000_000}, many=True)
        seen += [n for (n,) in islice(rows, 10)]
        lose()
        with pytest.raises(OperationalError):
            seen.extend(n for (n,) in rows)

    assert seen == list(islice(count(1), len(seen)))
    assert len(list(embedded_store.read(stream))) == 451


def test_a_read_that_has_given_events_goes_on_behind_them(
    embedded_store: EventStore, stream: str
) -> None:
    events = embedded_store.read(stream)
    seen = [event.metadata.version for event in islice(events, 200)]

    lose()
    seen += [event.metadata.version for event in events]

    assert seen == list(range(1, 452))


def test_a_read_that_is_left_half_way_leaves_a_usable_connection(
    embedded_store: EventStore, stream: str
) -> None:
    events = embedded_store.read(stream)
    next(events)
    lose()
    del events

    assert len(list(embedded_store.read(stream))) == 451


def test_within_a_transaction_the_error_stands_and_the_connection_is_usable_afterwards(
    embedded_store: EventStore, stream: str
) -> None:
    def work() -> None:
        with transaction.atomic():
            list(embedded_store.read(stream))
            lose()
            list(embedded_store.read(stream))

    with pytest.raises(OperationalError):
        work()

    assert len(list(embedded_store.read(stream))) == 451


def test_within_a_transaction_begun_by_hand_the_error_stands(
    embedded_store: EventStore, stream: str
) -> None:
    with reading_cursor() as cursor:
        cursor.execute("BEGIN")
    with prepared_cursor() as cursor:
        lose()
        with pytest.raises(OperationalError):
            cursor.execute(NUMBERS, {"last": 1})

    assert len(list(embedded_store.read(stream))) == 451


def test_what_may_write_is_not_asked_twice_and_the_next_is_answered(
    stream: str,
) -> None:
    with unchecked_cursor() as cursor:
        lose()
        with pytest.raises(OperationalError):
            cursor.execute(NUMBERS, {"last": 1})
    with unchecked_cursor() as cursor:
        cursor.execute(NUMBERS, {"last": 1})
        lose()
    with unchecked_cursor() as cursor:
        cursor.execute(NUMBERS, {"last": 1})
        assert cursor.fetchall() == [(1,)]


def test_a_session_that_was_idle_for_too_long_is_replaced(
    embedded_store: EventStore, stream: str
) -> None:
    with unchecked_cursor() as cursor:
        cursor.execute("SET idle_session_timeout = 50")
    session = pid()
    until(gone(session))

    assert len(list(embedded_store.read(stream))) == 451
    assert pid() != session


def test_a_transaction_that_was_idle_for_too_long_fails_and_the_next_read_is_answered(
    embedded_store: EventStore, stream: str
) -> None:
    def work() -> None:
        with transaction.atomic(), unchecked_cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 50")
            until(gone(pid()))
            list(embedded_store.read(stream))

    with pytest.raises(InternalError):
        work()

    assert len(list(embedded_store.read(stream))) == 451


@pytest.mark.parametrize("how", ["restart", "kill_the_server", "kill_one_idle_backend"])
def test_a_process_outlives_its_server(
    tmp_path: Path, settings: Settings, how: str
) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": "tests.shops.order_outlives",
        "AGGREGATES": [],
        **WITHOUT_PRIVACY,
        "PARTITIONS": 3,
    }
    database, stream = a_server(tmp_path), "order_outlives.o-1"
    try:
        with a_process("prepare", database=database.settings) as process:
            heard(process)
        with a_process("obey", database=database.settings) as process:
            assert told(process, "append", stream=stream) == {"done": 1}
            assert told(process, "read", stream=stream) == {"done": [1]}
            getattr(database, how)()

            assert told(process, "read", stream=stream) == {"done": [1]}
            assert told(process, "append", stream=stream) == {"done": 2}
    finally:
        database.server.stop()


@pytest.fixture
def _without_the_mark(stream: str) -> None:
    """As a crash leaves the index; whoever is connected has looked before."""
    with reading_cursor():
        pass
    with closing(connect()) as other:
        other.execute("TRUNCATE eventstore_indexcomplete")


@pytest.mark.usefixtures("_without_the_mark")
def test_a_new_session_looks_whether_the_index_is_complete(stream: str) -> None:
    with reading_cursor() as cursor:
        lose()
        cursor.execute(MARK)

        assert cursor.fetchall() == [(1,)]


def test_an_append_goes_on_though_its_session_timed_out(audited: World) -> None:
    line = Line()
    here, stream = audited.store(line=line.connect), audited.stream()
    line.after = ("eventstore_partition", lambda: time_out(line.made[-1]))

    result = here.append(stream, [changed()], 0)

    assert line.happened
    assert result.first_version == 1


def time_out(own: LineConnection) -> None:
    """Have the server end the session for its transaction's age."""
    own.execute("SELECT set_config('transaction_timeout', '20', true), pg_sleep(5)")


def test_a_job_whose_session_was_lost_is_done_all_the_same(
    transactional_db: None,
) -> None:
    def work() -> dict[str, int]:
        mine = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
        with closing(connect()) as other:
            [(session,)] = other.execute(mine).fetchall()
        lose(session)
        return {"things": 3}

    outcome = Jobs(connect, SystemClock()).run(Job("count", HOUR, "nothing", work))

    (row,) = runs(Wanted(), job="count").rows
    assert outcome == row.outcome == JobOutcome.DONE
    assert row.counts == {"things": 3}


@pytest.mark.parametrize("setting", ["idle_in_transaction_session", "transaction"])
def test_a_command_says_in_a_line_that_its_session_timed_out(
    transactional_db: None, setting: str
) -> None:
    def work() -> None:
        with reported_in_a_line(), transaction.atomic(), unchecked_cursor() as cursor:
            cursor.execute(f"SET {setting}_timeout = 50")
            until(gone(pid()))
            cursor.execute(NUMBERS, {"last": 1})

    with pytest.raises(CommandError, match="did not answer"):
        work()


def test_transactions_of_the_stores_own_begin_again(transactional_db: None) -> None:
    lose()
    with atomic(durable=True), unchecked_cursor() as cursor:
        cursor.execute(NUMBERS, {"last": 1})

        assert cursor.fetchall() == [(1,)]


def test_what_a_request_begins_with_is_asked_again_and_needs_no_question_before(
    stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unasked() -> bool:
        raise AssertionError

    asked = "SELECT %s::text, pg_backend_pid()"
    for _ in range(4):
        [(_, before)] = first_rows(asked, ["a"])
    lose()
    monkeypatch.setattr(connection, "health_check_enabled", True)
    monkeypatch.setattr(connection, "health_check_done", False)
    monkeypatch.setattr(connection, "is_usable", unasked)

    [(text, after)] = first_rows(asked, ["b"])

    assert text == "b"
    assert before != after


def test_what_is_asked_within_a_transaction_is_not_asked_again(stream: str) -> None:
    def asked_twice() -> None:
        with transaction.atomic():
            first_rows("SELECT %s::text", ["a"])
            lose()
            first_rows("SELECT %s::text", ["a"])

    with pytest.raises(OperationalError):
        asked_twice()


def test_what_every_request_asks_is_planned_once(stream: str) -> None:
    for text in ("a", "b", "c", "d"):
        assert first_rows("SELECT %s::text AS once", [text]) == [(text,)]

    with connection.cursor() as db:
        db.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
            ["% AS once"],
        )
        assert db.fetchone() == (1,)

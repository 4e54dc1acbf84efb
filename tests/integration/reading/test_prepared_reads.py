"""Hot reads are prepared: PostgreSQL plans each once a connection, and a connection that is gone leaves nothing behind."""

from __future__ import annotations

import gc
import weakref
from contextlib import closing, suppress
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from django.db import NotSupportedError, connection, transaction

from eventstore.database import connect
from eventstore.queries.connection import prepared_cursor
from tests.support.worlds import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"


@pytest.fixture
def stream(embedded_store: EventStore) -> str:
    """Of 700 events, so of a small page and a large one."""
    topic = next(iter(embedded_store.topics.numbers))
    stream = f"{topic.partition('.')[2]}.o-1"
    for start in range(0, 700, 100):
        events = [changed(start + n) for n in range(100)]
        embedded_store.append(stream, events, start)
    for n in range(250):
        embedded_store.append(f"{stream}-b", [changed(n)], n)
    return stream


def test_a_read_that_comes_again_is_planned_once(
    embedded_store: EventStore, stream: str
) -> None:
    for _ in range(4):
        embedded_store.stream_info(stream)

    with connection.cursor() as db:
        db.execute(PREPARED, ["%FROM eventstore_stream%"])
        assert db.fetchone() == (1,)


def test_readers_that_take_turns_do_not_disturb_each_other(
    embedded_store: EventStore, stream: str
) -> None:
    first, second = embedded_store.read(f"{stream}-b"), embedded_store.read(stream)

    seen = [
        (one.metadata.version, other.metadata.version)
        for one, other in zip(first, islice(second, 250), strict=True)
    ]

    assert seen == [(n, n) for n in range(1, 251)]


def test_a_connection_that_was_closed_is_not_held(
    embedded_store: EventStore, stream: str
) -> None:
    embedded_store.stream_info(stream)
    gone = weakref.ref(connection.connection)

    connection.close()
    assert embedded_store.stream_info(stream).version == 700

    gc.collect()
    assert gone() is None


def test_a_statement_that_failed_in_a_transaction_leaves_the_next_one_alone(
    embedded_store: EventStore, stream: str
) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        assert embedded_store.stream_info(stream).version == 700
        raise ZeroDivisionError

    for _ in range(4):
        assert embedded_store.stream_info(stream).version == 700


def test_queries_are_seen_by_who_logs_them(
    embedded_store: EventStore, stream: str
) -> None:
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    try:
        assert len(list(embedded_store.read(f"{stream}-b"))) == 250
        with prepared_cursor() as db:
            db.execute("SELECT 1 AS one")
            db.fetchall()
    finally:
        connection.force_debug_cursor = False

    said = [query["sql"] for query in connection.queries_log]
    assert "SELECT 1 AS one" in said[-1]
    assert sum("eventstore_record" in sql for sql in said) == 2


@pytest.fixture
def _versions_take_eight_bytes(
    stream: str, embedded_store: EventStore
) -> Iterator[None]:
    """A migration goes by, in another process, behind the reads that this one has prepared."""
    for _ in range(4):
        embedded_store.stream_info(stream)
    alter = "ALTER TABLE eventstore_stream ALTER COLUMN version TYPE {}"
    with closing(connect()) as other:
        other.execute(alter.format("bigint"))
        yield
        connection.close()
        other.execute(alter.format("integer"))


@pytest.mark.usefixtures("_versions_take_eight_bytes")
def test_a_migration_that_goes_by_is_no_error_of_the_reads(
    embedded_store: EventStore, stream: str
) -> None:
    for _ in range(4):
        assert embedded_store.stream_info(stream).version == 700
    with connection.cursor() as db:
        db.execute(PREPARED, ["%FROM eventstore_stream%"])
        assert db.fetchone() == (1,)


@pytest.mark.usefixtures("_versions_take_eight_bytes")
def test_within_a_transaction_it_is_one_error_and_the_next_transaction_goes_on(
    embedded_store: EventStore, stream: str
) -> None:
    with pytest.raises(NotSupportedError), transaction.atomic():
        embedded_store.stream_info(stream)

    with transaction.atomic():
        assert embedded_store.stream_info(stream).version == 700

"""The numbers of stream types are those of the partition rows, or nothing is read and nothing written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from eventstore.checks import system as checks
from eventstore.errors import LogMisconfigured
from eventstore.events import NewEvent
from eventstore.indexer.mark import complete
from eventstore.log import topics
from eventstore.queries.completeness import completed_by
from eventstore.snapshots import topics as snapshot_topics
from eventstore.store import EventStore, make_event_store
from eventstore.testing.shop import OrderChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import Settings

WRONG = [
    pytest.param("loan2_desk1", "registered with the number 2, its rows have 1", id="swapped"),
    pytest.param("loan3_desk2", "registered with the number 3, its rows have 1", id="changed"),
    pytest.param("loan1", "no stream type run.*desk is registered", id="removed"),
    pytest.param("loan1_shop2", "no stream type run.*desk is registered", id="reused"),
]  # fmt: skip


@pytest.fixture
def configured(
    transactional_db: None, settings: Settings
) -> Iterator[Callable[[str], EventStore]]:
    """A store of these stream types, as a new process has it; all of a test have one database."""
    run, made = f"run{uuid4().hex[:8]}", []

    def make(types: str) -> EventStore:
        settings.EVENTSTORE = {
            **settings.EVENTSTORE,
            "REGISTRY": f"tests.numbered.{run}_{types}",
            "AGGREGATES": [],
            "SUBSCRIPTIONS": [],
            "PROJECTIONS": [],
            "PARTITIONS": 3,
        }
        connection.close()
        made.append(make_event_store())
        return made[-1]

    before = completed_by(lambda: made[-1].complete_index())
    yield make
    completed_by(before)
    for store in made:
        store.close()


@pytest.fixture
def stream(configured: Callable[[str], EventStore]) -> str:
    """A stream with an event, of the first type of a store whose numbers are 1 and 2."""
    store = configured("loan1_desk2")
    with store.indexer() as indexer:
        topics.create(store.topics, indexer.log, indexer.connection())
        snapshot_topics.create(snapshot_topics.snapshot_topics(), indexer.log)
        complete(indexer)
    stream_id = f"{next(iter(store.topics.numbers)).partition('.')[2]}.1"
    store.append(stream_id, [NewEvent(OrderChanged(quantity=1))], 0)
    return stream_id


def written() -> list[tuple[Any, ...]]:
    """What stands in log, mirror, rows and topics."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM eventstore_logrecord), (SELECT count(*) FROM eventstore_record),"
            " (SELECT count(*) FROM eventstore_logtopic),"
            " (SELECT string_agg(id || topic || cursor, ',' ORDER BY id) FROM eventstore_partition)"
        )
        return list(cursor.fetchall())


@pytest.mark.parametrize(("types", "told"), WRONG)
@pytest.mark.parametrize(
    "ask",
    [
        lambda store, stream: store.append(stream, [NewEvent(OrderChanged(quantity=2))], 1),
        lambda store, stream: list(store.read(stream)),
        lambda store, stream: list(store.history(stream)),
        lambda store, _: store.read_all(),
        lambda store, stream: store.stream_info(stream),
    ],
    ids=["append", "read", "history", "read_all", "stream_info"],
)  # fmt: skip
def test_a_process_with_other_numbers_reads_and_writes_nothing(
    configured: Callable[[str], EventStore],
    stream: str,
    types: str,
    told: str,
    ask: Callable[[EventStore, str], object],
) -> None:
    before = written()
    other = configured(types)

    for _ in range(2):
        with pytest.raises(LogMisconfigured, match=told) as refused:
            ask(other, stream)

    assert "number=" in refused.value.remedy
    assert written() == before


@pytest.mark.parametrize(("types", "told"), WRONG)
@pytest.mark.parametrize(
    "command", ["create_topics", "export_events", "verify", "rebuild_index", "restore_log"]
)  # fmt: skip
def test_a_command_with_other_numbers_changes_nothing_and_says_what_to_do(
    configured: Callable[[str], EventStore],
    stream: str,
    types: str,
    told: str,
    command: str,
) -> None:
    assert stream
    before = written()
    configured(types)

    with pytest.raises(CommandError, match=told):
        call_command(command)

    assert written() == before


@pytest.mark.parametrize(("types", "told"), WRONG)
def test_the_check_finds_other_numbers(
    configured: Callable[[str], EventStore], stream: str, types: str, told: str
) -> None:
    assert stream
    assert checks.check_log(databases=["default"]) == []
    configured(types)

    [message] = checks.check_log(databases=["default"])

    assert message.id == "eventstore.E010"
    assert re.search(told, str(message.msg))
    assert "number=" in str(message.msg)


def test_a_new_type_with_a_number_of_its_own_is_fine(
    configured: Callable[[str], EventStore], stream: str
) -> None:
    store = configured("loan1_desk2_shop3")

    call_command("create_topics")
    store.append(stream, [NewEvent(OrderChanged(quantity=2))], 1)

    assert [event.metadata.version for event in store.read(stream)] == [1, 2]

"""What a store answers in a caller's old snapshot, with large records, behind a stopped partition."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection, transaction

from eventstore.database import connect
from eventstore.errors import UnknownRuleVersion
from eventstore.events import Expected, NewEvent, Place
from eventstore.log.embedded import EmbeddedLog
from eventstore.ports import Appended, Extent, Proposal
from eventstore.queries.streams import read_stream
from eventstore.testing.shop import OrderChanged, OrderPlaced
from eventstore.upkeep.activation import activate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eventstore.store import EventStore


def a_stream(store: EventStore) -> str:
    """The id of a stream that does not exist yet."""
    topic = next(iter(store.topics.numbers))
    return f"{topic.removeprefix('eventstore.')}.{uuid4()}"


def test_an_outcome_does_not_depend_on_the_callers_snapshot(
    embedded_store: EventStore,
) -> None:
    stream = a_stream(embedded_store)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT 1")
        commit = uuid4()
        embedded_store.append(
            stream, [NewEvent(OrderPlaced(customer_id="c"))], 0, commit_id=commit
        )

        outcome = embedded_store.outcome(commit, stream)

    assert len(outcome.decided) == 1


def test_an_outcome_of_one_stream_is_found_among_more_than_a_thousand(
    embedded_store: EventStore,
) -> None:
    commit, stream = uuid4(), a_stream(embedded_store)
    futures = [
        embedded_store.submit(
            f"{stream}-{n}", [NewEvent(OrderChanged(quantity=n))], 0, commit_id=commit
        )
        for n in range(1_005)
    ]
    for future in futures:
        future.result(120)

    found = [
        embedded_store.outcome(commit, f"{stream}-{n}").decided
        for n in (0, 1_001, 1_004)
    ]

    assert [len(decided) for decided in found] == [1, 1, 1]


@pytest.mark.parametrize("direction", ["forwards", "backwards"])
def test_a_page_of_large_records_is_bounded_and_leaves_nothing_out(
    embedded_store: EventStore, direction: str
) -> None:
    backwards = direction == "backwards"
    stream, large = a_stream(embedded_store), "x" * 700_000
    for n in range(12):
        embedded_store.append(
            stream, [NewEvent(OrderPlaced(customer_id=f"c-{n}", remark=large))], n
        )

    with connection.cursor() as cursor:
        page = next(iter(_pages(cursor, stream, backwards=backwards)))
    versions = [
        e.metadata.version for e in embedded_store.read(stream, backwards=backwards)
    ]

    assert page < 12
    assert versions == (list(range(12, 0, -1)) if backwards else list(range(1, 13)))


def _pages(cursor: object, stream: str, *, backwards: bool) -> Iterable[int]:
    """How many records each statement of a whole read brings."""

    class Counting:
        counts: list[int] = []

        def execute(self, *args: object) -> None:
            cursor.execute(*args)  # type: ignore[attr-defined]

        def fetchall(self) -> list[tuple[object, ...]]:
            rows: list[tuple[object, ...]] = cursor.fetchall()  # type: ignore[attr-defined]
            self.counts.append(len(rows))
            return rows

    counting = Counting()
    assert len(list(read_stream(counting, stream, backwards=backwards))) == 12
    return counting.counts


def test_the_end_of_a_long_stream_is_read_backwards_along_its_index(
    embedded_store: EventStore,
) -> None:
    stream = a_stream(embedded_store)
    for n in range(5):
        embedded_store.append(
            stream,
            [NewEvent(OrderChanged(quantity=i)) for i in range(1_000)],
            n * 1_000,
        )

    versions = [
        e.metadata.version
        for e in embedded_store.read(stream, 1_500, 3_500, backwards=True, limit=2_001)
    ]

    assert versions == list(range(3_500, 1_499, -1))


def test_an_append_between_a_read_and_its_look_at_the_end_is_no_truncation(
    transactional_db: None,
) -> None:
    class Overtaken(EmbeddedLog):
        """Somebody else appends just after this one has found nothing."""

        overtaken = False

        def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
            if not self.overtaken:
                self.overtaken = True
                other.append([Proposal(place, b"k", b"v")], timeout_s=120)
            return super().extents(places)

    other, log = EmbeddedLog(connect), Overtaken(connect)
    other.create(["eventstore.order_overtaken"], partitions=1)
    place = Place("eventstore.order_overtaken", 0)

    batch = log.read(place, 0)
    log.close()
    other.close()

    assert [record.value for record in batch.records] == [b"v"]


def test_an_activation_goes_to_every_partition_once_and_stops_code_that_does_not_know_it(
    embedded_store: EventStore,
) -> None:
    stream = a_stream(embedded_store)
    embedded_store.append(
        stream, [NewEvent(OrderPlaced(customer_id="c"))], Expected.ANY
    )
    with embedded_store.indexer() as indexer:
        with pytest.raises(ValueError, match="up to version 1"):
            activate(indexer, 2)
        before = indexer.log.extents(indexer.topics.places)
        # newer code, which knows version 2, would do this; to this code its records are unknown
        with pytest.raises(UnknownRuleVersion):
            activate(indexer, 2, known=2)
        after = indexer.log.extents(indexer.topics.places)

    assert {p: after[p].end - before[p].end for p in after} == dict.fromkeys(after, 1)


def test_behind_an_unknown_activation_appends_are_refused_and_written_no_more(
    embedded_store: EventStore,
) -> None:
    stream = a_stream(embedded_store)
    first = embedded_store.append(stream, [NewEvent(OrderPlaced(customer_id="c"))], 0)
    with embedded_store.indexer() as indexer:
        place = next(
            p
            for p in indexer.topics.places
            if p.partition == first.positions[0].partition
        )
        (answer,) = indexer.log.append(
            [Proposal(place, None, b'{"v":1,"activate":2}')], timeout_s=120
        )
        assert isinstance(answer, Appended)
        with pytest.raises(UnknownRuleVersion):
            embedded_store.catch_up([place], timeout_s=120)
        end = indexer.log.extents([place])[place].end

        with pytest.raises(UnknownRuleVersion):
            embedded_store.append(stream, [NewEvent(OrderChanged(quantity=1))], 1)

        assert indexer.log.extents([place])[place].end == end

"""Rule 17 and the rules above on a real broker: offsets of others' making, copies, retries from another process."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from eventstore.errors import LogMisconfigured, LogTruncated
from eventstore.events import Expected
from eventstore.ports import Proposal
from eventstore.protocol.placement import place_of
from tests.plugins.kafka_logs import until
from tests.support.worlds import changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore
    from tests.plugins.stores import Stores

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("transactional_db")]


@pytest.fixture
def here(stores: Stores, kafka_bootstrap: str) -> EventStore:
    """A process."""
    return stores("kafka", kafka_bootstrap)


@pytest.fixture
def there(here: EventStore, stores: Stores, kafka_bootstrap: str) -> EventStore:
    """Another one, on the same topics."""
    return stores("kafka", kafka_bootstrap)


@pytest.fixture
def stream(here: EventStore) -> str:
    """A stream that nobody has used."""
    topic = next(iter(here.topics.numbers))
    return f"{topic.removeprefix('eventstore.')}.{uuid4()}"


@pytest.fixture
def producer(kafka_bootstrap: str) -> Iterator[KafkaProducer]:
    """Some other producer, which uses transactions although it should not."""
    producer = KafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=f"foreign-{uuid4()}"
    )
    producer.init_transactions()
    yield producer
    producer.close()


@pytest.fixture
def admin(kafka_bootstrap: str) -> Iterator[KafkaAdminClient]:
    """An administrator."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    yield admin
    admin.close()


@pytest.mark.parametrize("end", ["abort", "commit"])
def test_a_foreign_transactions_record_counts_and_its_marker_only_moves_the_cursor(
    here: EventStore, there: EventStore, stream: str, producer: KafkaProducer, end: str
) -> None:
    place = place_of(stream, here.topics.partitions)
    here.append(stream, [changed()], 0)
    producer.begin_transaction()
    producer.send(
        place.topic,
        key=stream.encode(),
        value=record(stream),
        partition=place.partition,
    ).get(120)
    getattr(producer, f"{end}_transaction")()
    log = here.make_log()
    until(lambda: log.extents([place])[place].end == 3)
    log.close()

    mine = here.append(stream, [changed()], 2)
    theirs = there.append(stream, [changed()], 3)

    assert [r.positions[0].offset for r in (mine, theirs)] == [3, 4]
    assert versions(here, stream) == [1, 2, 3, 4]


def test_a_view_that_begins_behind_a_marker_is_a_true_one(
    here: EventStore, there: EventStore, stream: str, producer: KafkaProducer
) -> None:
    place = place_of(stream, here.topics.partitions)
    producer.begin_transaction()
    producer.send(
        place.topic,
        key=stream.encode(),
        value=record(stream),
        partition=place.partition,
    ).get(120)
    producer.abort_transaction()
    log = here.make_log()
    until(lambda: log.extents([place])[place].end == 2)
    log.close()
    here.catch_up([place], timeout_s=30)

    assert there.append(stream, [changed()], 1).first_version == 2


def test_copies_of_one_commit_are_one_commit(
    here: EventStore, there: EventStore, stream: str
) -> None:
    commit = uuid4()
    first = here.append(stream, [changed()], Expected.ANY, commit_id=commit)
    log = here.make_log()
    place = place_of(stream, here.topics.partitions)
    value = log.read(place, first.positions[0].offset).records[0].value
    assert value is not None
    log.append([Proposal(place, stream.encode(), value)] * 3, timeout_s=10)
    log.close()

    again = there.append(stream, [changed()], Expected.ANY, commit_id=commit)
    following = there.append(stream, [changed()], 1)

    assert (again.positions, again.replayed) == (first.positions, True)
    assert following.first_version == 2
    assert versions(here, stream) == [1, 2]


def test_a_log_that_lost_its_beginning_is_refused_by_whoever_has_not_folded_it(
    here: EventStore, there: EventStore, stream: str, admin: KafkaAdminClient
) -> None:
    place = place_of(stream, here.topics.partitions)
    for n in range(3):
        here.append(stream, [changed()], n)
    admin.delete_records({TopicPartition(place.topic, place.partition): 3})

    with pytest.raises(LogTruncated) as lost:
        there.append(stream, [changed()], 3)

    assert (lost.value.topic, lost.value.partition) == (place.topic, place.partition)
    assert lost.value.cursor == 3


def test_a_topic_that_was_created_again_is_refused_by_a_new_process(
    here: EventStore, there: EventStore, stream: str, admin: KafkaAdminClient
) -> None:
    place = place_of(stream, here.topics.partitions)
    here.append(stream, [changed()], 0)
    log = here.make_log()
    admin.delete_topics([place.topic])
    until(lambda: not log.topics([place.topic]))
    log.create([place.topic], partitions=here.topics.partitions)

    with pytest.raises(LogMisconfigured) as refused:
        there.append(stream, [changed()], 1)

    assert "created again" in refused.value.problem
    assert log.extents([place])[place].end == 0
    log.close()


def test_a_topic_that_got_more_partitions_is_refused_by_a_new_process(
    here: EventStore, there: EventStore, stream: str, admin: KafkaAdminClient
) -> None:
    place = place_of(stream, here.topics.partitions)
    here.append(stream, [changed()], 0)
    admin.create_partitions({place.topic: 4})
    log = there.make_log()
    until(lambda: log.topics([place.topic])[place.topic].partitions == 4)

    with pytest.raises(LogMisconfigured) as refused:
        there.append(stream, [changed()], 1)

    assert "it has 4 partitions, TEDDY_PARTITIONS says 3" in refused.value.problem
    assert log.extents([place])[place].end == 1
    log.close()

"""`restore_log` puts back what the log lost, every record at its offset with its time, or says why it cannot."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from eventstore.database import connect
from eventstore.errors import LogTruncated, NotRestorable
from eventstore.events import Expected, NewEvent, Place
from eventstore.log.embedded import EmbeddedLog
from eventstore.log.kafka import KafkaLog
from eventstore.ports import Proposal, Restorable
from eventstore.protocol.placement import place_of
from eventstore.testing.log_given import append, read_all
from eventstore.testing.shop import OrderChanged
from eventstore.upkeep.restore.run import Restorer, TopicPlan
from tests.plugins.kafka_logs import until
from tests.support.worlds import World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.ports import LogRecord
    from eventstore.store import EventStore
    from tests.plugins.stores import Stores


def run(*args: str) -> dict[str, Any]:
    said = StringIO()
    call_command("restore_log", *args, "--json", stdout=said)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def verified() -> bool:
    said = StringIO()
    call_command("verify", "--json", stdout=said)
    return bool(json.loads(said.getvalue())["ok"])


def lose(world: World, place: Place, kept: Sequence[LogRecord] = ()) -> None:
    """The log ends after these records, which are as they were."""
    world.replace_log(place, [])
    if kept:
        world.log.restore(place, kept)


@pytest.fixture
def stream(world: World) -> str:
    """A stream of four commits; its partition has a malformed record too, another partition one commit."""
    here, found = world.store(), world.stream()
    for n in range(4):
        here.append(found, [changed()], n)
    world.foreign(world.place(found), b"no json")
    here.append(world.stream(1), [changed()], 0)
    world.fold(here)
    return found


# ---- the drill


def test_the_drill(world: World, stream: str) -> None:
    place = world.place(stream)
    before = read_all(world.log, place)
    lose(world, place, before[:2])
    with pytest.raises(LogTruncated):
        world.store().append(stream, [changed()], 4)
    assert run("--dry-run")["records"] == 3
    assert world.end(place) == 2

    told = run()

    assert told["records"] == 3
    assert read_all(world.log, place) == before
    assert verified()
    here = world.store()
    assert here.append(stream, [changed()], 4).first_version == 5
    assert versions(here, stream) == [1, 2, 3, 4, 5]
    call_command("rebuild_index", stdout=StringIO())
    assert versions(here, stream) == [1, 2, 3, 4, 5]


def test_a_process_with_an_old_view_goes_on_after_it(world: World) -> None:
    here, stream = world.store(), world.stream()
    here.append(stream, [changed()], 0)
    lose(world, world.place(stream))

    run()

    assert here.append(stream, [changed()], 1).first_version == 2
    assert verified()


def test_a_log_that_lost_nothing_is_left_alone(world: World, stream: str) -> None:
    generations = "SELECT generation FROM eventstore_partition ORDER BY id"
    before = world.query(generations)

    assert run()["topics"] == []
    assert world.query(generations) == before


def test_a_topic_that_was_created_again_gets_everything_and_its_rows_its_id(
    world: World, stream: str
) -> None:
    before = {p: read_all(world.log, p) for p in world.topics.places}
    for place in before:
        lose(world, place)
    world.query(
        "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid() WHERE name = %s RETURNING 1",
        world.place(stream).topic,
    )

    told = run()

    assert told["records"] == 6
    assert told["topics"][0]["created_again"]
    assert {p: read_all(world.log, p) for p in world.topics.places} == before
    assert verified()
    assert world.store().append(stream, [changed()], 4).first_version == 5


def test_one_topic_of_several_can_be_restored_alone(world: World, stream: str) -> None:
    place = world.place(stream)
    lose(world, place)

    with pytest.raises(CommandError, match=r"No such topic: eventstore\.unheard"):
        run("--topic", "eventstore.unheard")

    assert run("--topic", place.topic)["records"] == 5
    assert verified()


# ---- refused


def test_other_records_are_refused_and_nothing_is_written(
    world: World, stream: str
) -> None:
    place = world.place(stream)
    first = read_all(world.log, place)[:1]
    lose(world, place, first)
    world.foreign(place, record(stream))

    with pytest.raises(CommandError, match=r"offset 1: .*something else.*delete the"):
        run()

    assert world.end(place) == 2


def test_a_log_that_begins_later_is_refused(world: World, stream: str) -> None:
    world.cut_log_before(world.place(stream), 2)

    with pytest.raises(CommandError, match=r"begins at 2.*delete the topic"):
        run()


def test_a_gap_of_the_mirror_is_refused_with_the_way_out(
    world: World, stream: str
) -> None:
    place = world.place(stream)
    lose(world, place)
    first, _ = world.range_of(place)
    world.query(
        "DELETE FROM eventstore_record WHERE position = %s RETURNING 1",
        first + (4 << 10),
    )

    with pytest.raises(CommandError, match=r"offset 4: .*export_events"):
        run()

    assert world.end(place) == 0


# ---- interrupted, and not alone


class Interrupted(Exception):  # noqa: N818
    """What a killed process does not say."""


def _restore(world: World, log: Restorable) -> list[TopicPlan]:
    """A restore whose progress interrupts it after the first page."""

    def interrupt(_place: Place, _moved: int) -> None:
        raise Interrupted

    with connect() as connection:
        restorer = Restorer(world.topics, log, connection)
        plans = restorer.plan()
        for topic in plans:
            restorer.run(topic, interrupt)
    return plans


def test_interrupted_it_goes_on_where_the_log_ends(world: World, stream: str) -> None:
    for place in world.topics.places:
        lose(world, place)
    with pytest.raises(Interrupted):
        _restore(world, world.log)

    told = run()

    assert 0 < told["records"] < 6
    assert verified()


class Rivalled(EmbeddedLog):
    """A log to which somebody else writes before each restore."""

    def restore(self, place: Place, records: Sequence[LogRecord]) -> None:
        """See `Restorable`."""
        append(self, Proposal(place, b"k", b"of another"))
        super().restore(place, records)


def test_a_foreign_writer_is_found_and_said(world: World, stream: str) -> None:
    place = world.place(stream)
    lose(world, place)

    rivalled = Rivalled(connect)
    with pytest.raises(NotRestorable, match="somebody else writes"):
        _restore(world, rivalled)
    rivalled.close()

    assert world.end(place) == 1
    with pytest.raises(CommandError, match=r"offset 0: .*something else"):
        run()


def test_who_folds_meanwhile_is_found_and_said(world: World, stream: str) -> None:
    lose(world, world.place(stream))
    with connect() as connection:
        restorer = Restorer(world.topics, world.log, connection)
        [topic] = restorer.plan()
        world.query(
            "UPDATE eventstore_partition SET generation = gen_random_uuid() RETURNING 1"
        )

        with pytest.raises(NotRestorable, match="folded the topic meanwhile"):
            restorer.run(topic, lambda _place, _moved: None)

    assert run()["records"] == 0
    assert verified()


# ---- on Kafka


class Brokers:
    """A store of one stream with four commits on a real broker, and what happens to its topic."""

    def __init__(self, store: EventStore, bootstrap: str) -> None:
        self.store = store
        [self.topic] = store.topics.numbers
        self.log = KafkaLog(bootstrap.split(","))
        self.admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self.stream = f"{self.topic.removeprefix('eventstore.')}.{uuid4()}"
        self.place = place_of(self.stream, store.topics.partitions)
        for _ in range(4):
            self.append()
        self.before = read_all(self.log, self.place)

    def append(self, store: EventStore | None = None) -> int:
        event = NewEvent(OrderChanged(quantity=1))
        writer = store or self.store
        return writer.append(self.stream, [event], Expected.ANY).first_version

    def delete(self) -> None:
        self.admin.delete_topics([self.topic])
        until(lambda: not self.log.topics([self.topic]))

    def create_again(self, kept: int = 0) -> None:
        self.delete()
        self.log.create([self.topic], partitions=self.store.topics.partitions)
        if kept:
            with self.log.restoring(self.topic):
                self.log.restore(self.place, self.before[:kept])

    def close(self) -> None:
        self.log.close()
        self.admin.close()


@pytest.fixture
def brokers(kafka_store: EventStore, kafka_bootstrap: str) -> Iterator[Brokers]:
    found = Brokers(kafka_store, kafka_bootstrap)
    yield found
    found.close()


@pytest.mark.kafka
def test_on_kafka_a_missing_tail_is_put_back(
    brokers: Brokers, stores: Stores, kafka_bootstrap: str
) -> None:
    brokers.create_again(kept=1)
    topic_id = brokers.log.topics([brokers.topic])[brokers.topic].id
    with connect() as connection:
        connection.execute("UPDATE eventstore_partition SET topic_id = %s", [topic_id])

    told = run()

    assert told["records"] == 3
    assert not told["topics"][0]["created_again"]
    assert read_all(brokers.log, brokers.place) == brokers.before
    assert verified()
    assert brokers.append() == 5
    assert verified()


@pytest.mark.kafka
@pytest.mark.parametrize("created", [True, False])
def test_on_kafka_a_topic_that_is_gone_or_was_created_again_is_put_back(
    brokers: Brokers,
    stores: Stores,
    kafka_bootstrap: str,
    created: bool,  # noqa: FBT001
) -> None:
    if created:
        brokers.create_again()
    else:
        brokers.delete()
    assert run("--dry-run")["records"] == 4
    assert bool(brokers.log.topics([brokers.topic])) is created

    assert run()["records"] == 4

    assert read_all(brokers.log, brokers.place) == brokers.before
    assert verified()
    assert brokers.append(stores("kafka", kafka_bootstrap)) == 5
    assert verified()


@pytest.mark.kafka
def test_on_kafka_a_restore_that_was_killed_is_named_by_the_check_and_ended_by_the_next(
    brokers: Brokers,
) -> None:
    brokers.create_again()
    block = brokers.log.restoring(brokers.topic)
    block.__enter__()  # and never left: the process was killed
    brokers.log.restore(brokers.place, brokers.before[:2])
    with pytest.raises(
        CommandError, match=r"restore_log.* was cut short, run it again"
    ):
        call_command("create_topics", stdout=StringIO())

    told = run()

    assert told["records"] == 2
    assert told["topics"][0]["unfinished"]
    assert verified()
    call_command("create_topics", stdout=StringIO())


@pytest.mark.kafka
def test_on_kafka_other_records_and_a_later_beginning_are_refused(
    brokers: Brokers,
) -> None:
    brokers.create_again()
    append(brokers.log, Proposal(brokers.place, b"k", b"of another"))

    with pytest.raises(CommandError, match=r"offset 0: .*something else"):
        run()

    where = TopicPartition(brokers.topic, brokers.place.partition)
    brokers.admin.delete_records({where: 1})
    with pytest.raises(CommandError, match="begins at 1"):
        run()
    brokers.delete()
    assert run()["records"] == 4
    assert verified()


@pytest.mark.kafka
def test_on_kafka_a_lost_transaction_marker_is_named_and_one_that_is_there_is_passed(
    brokers: Brokers, kafka_bootstrap: str
) -> None:
    producer = KafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=str(uuid4())
    )
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(
        brokers.topic, key=b"k", value=b"{}", partition=brokers.place.partition
    )
    producer.commit_transaction()
    producer.close()
    # the marker may follow the answer to the commit
    until(lambda: brokers.log.extents([brokers.place])[brokers.place].end == 6)
    assert brokers.append() == 5
    assert run()["topics"] == []
    brokers.delete()

    with pytest.raises(CommandError, match=r"offset 5: .*marker.*export_events"):
        run()

    assert not brokers.log.topics([brokers.topic])

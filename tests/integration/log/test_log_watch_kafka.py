"""What a topic lost, or its changed settings, on real brokers: found at start and by processes that were running."""

from __future__ import annotations

import re
import threading
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from eventstore.errors import AppendOutcomeUnknown, LogMisconfigured, LogTruncated
from eventstore.indexer.mirror import Mirror
from eventstore.log.kafka.topics import SETTINGS
from eventstore.protocol.placement import place_of
from eventstore.testing.log_given import read_all
from tests.plugins.kafka_logs import until
from tests.support.clocks import MovableClock, by
from tests.support.worlds import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore
    from scripts.launcher.broker import Cluster
    from tests.plugins.stores import Stores

pytestmark = pytest.mark.kafka

A_MINUTE = 61.0


class Running:
    """A stream of three commits, an appender and a mirror that have been at work, and whoever may change the topic."""

    def __init__(self, store: EventStore, bootstrap: str) -> None:
        self.clock = MovableClock()
        self.store = by(self.clock, store)
        self.admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self.log = store.make_log()
        [self.topic] = store.topics.numbers
        self.stream = f"{self.topic.removeprefix('eventstore.')}.o-1"
        self.place = place_of(self.stream, store.topics.partitions)
        for _ in range(3):
            self.append()
        self.mirror = Mirror(self.store.make_indexer, threading.Event())
        self.indexer = self.store.make_indexer()
        self.round()

    def append(self, store: EventStore | None = None) -> int:
        here = store or self.store
        result = here.append(self.stream, [changed()], "any", timeout_s=3)
        return result.first_version

    def round(self) -> str:
        """What the running mirror says has stopped in a round."""
        self.mirror.round(self.indexer)
        return " ".join(self.mirror.stopped.values())

    def end(self) -> int:
        return self.log.extents([self.place])[self.place].end

    def set(self, name: str, value: str) -> None:
        """What `kafka-configs.sh --alter --add-config` does."""
        change = ConfigResource(ConfigResourceType.TOPIC, self.topic, {name: value})
        self.admin.alter_configs([change])
        until(lambda: self._has(name, value))

    def _has(self, name: str, value: str) -> bool:
        wrong = self.log.topics([self.topic])[self.topic].problems
        return bool(wrong) == (value != SETTINGS[name])

    def delete(self) -> None:
        self.admin.delete_topics([self.topic])
        until(lambda: not self.log.topics([self.topic]))

    def create_again(self) -> None:
        self.delete()
        self.log.create([self.topic], partitions=self.store.topics.partitions)

    def close(self) -> None:
        self.indexer.close()
        self.indexer.log.close()
        self.log.close()
        self.admin.close()
        self.store.close()


@pytest.fixture
def running(kafka_store: EventStore, kafka_bootstrap: str) -> Iterator[Running]:
    found = Running(kafka_store, kafka_bootstrap)
    yield found
    found.close()


# ---- changed settings

CHANGED = [
    ("cleanup.policy", "compact"),
    ("retention.ms", "86400000"),
    ("retention.bytes", "1000000000"),
    ("message.timestamp.type", "CreateTime"),
]


@pytest.mark.parametrize(("name", "value"), CHANGED)
def test_a_changed_setting_is_refused_by_all_and_who_does_what_it_says_goes_on(
    running: Running,
    stores: Stores,
    kafka_bootstrap: str,
    name: str,
    value: str,
) -> None:
    running.set(name, value)
    at_start = by(MovableClock(), running.store)

    running.clock.ahead += A_MINUTE
    for refuses in (
        running.append,
        running.round,
        lambda: running.append(at_start),
    ):
        with pytest.raises(LogMisconfigured) as refused:
            refuses()
        assert refused.value.topic == running.topic
        assert f"{name} is {value}" in refused.value.problem
    at_start.close()

    assert running.end() == 3
    said = re.search(r"--add-config (\S+)=(\S+)", refused.value.remedy)
    assert said is not None
    running.set(*said.groups())
    assert running.append() == 4
    assert running.round() == ""


def test_who_appends_to_a_topic_with_the_writers_clock_is_not_answered_and_finds_out_at_once(
    running: Running,
) -> None:
    running.set("message.timestamp.type", "CreateTime")

    with pytest.raises(AppendOutcomeUnknown) as unknown:
        running.append()

    assert isinstance(unknown.value.__cause__, LogMisconfigured)
    with pytest.raises(LogMisconfigured, match="is CreateTime"):
        running.append()
    assert running.end() == 4
    running.set("message.timestamp.type", "LogAppendTime")
    assert running.append() == 5


# ---- partitions, and what is gone


def test_an_added_partition_is_refused_for_good_by_all(running: Running) -> None:
    running.admin.create_partitions({running.topic: 4})
    until(lambda: running.log.topics([running.topic])[running.topic].partitions == 4)

    running.clock.ahead += A_MINUTE
    for refuses in (running.append, running.round):
        with pytest.raises(LogMisconfigured, match=r"4 partitions.*export and import"):
            refuses()
    assert running.end() == 3


def test_a_topic_that_was_created_again_is_found_before_anything_is_written_to_it(
    running: Running,
) -> None:
    running.create_again()

    running.clock.ahead += A_MINUTE
    for refuses in (running.append, running.round):
        with pytest.raises(LogMisconfigured, match="created again under the same name"):
            refuses()
    assert running.end() == 0


def test_within_the_minute_a_mirror_finds_it_by_its_end_and_an_appender_by_its_offset(
    running: Running,
) -> None:
    running.create_again()

    assert f"{running.place} was folded up to offset 3, but" in running.round()
    with pytest.raises(LogTruncated) as lost:
        running.append()
    assert lost.value.found == "its offset 0 was given away twice"


def test_a_beginning_that_was_deleted_is_refused_by_all(running: Running) -> None:
    where = TopicPartition(running.topic, running.place.partition)
    running.admin.delete_records({where: 2})
    at_start = by(MovableClock(), running.store)

    running.clock.ahead += A_MINUTE
    found = "was folded up to offset 3, but it now holds offsets 2 to 2"
    assert found in running.round()
    for store in (running.store, at_start):
        with pytest.raises(LogTruncated, match=found):
            running.append(store)
    at_start.close()
    assert running.end() == 3


# ---- a broker that lost what it had acknowledged


def test_a_broker_that_crashed_without_fsync_is_found_at_start_and_while_running(
    stores: Stores, broker: Cluster
) -> None:
    running = Running(stores("kafka", broker.bootstrap), broker.bootstrap)
    before = read_all(running.log, running.place)
    lose_what_was_not_synced(broker, running)

    found = f"{running.place} was folded up to offset 3, but it now holds offsets 0 to"
    assert found in running.round()
    at_start = by(MovableClock(), running.store)
    with pytest.raises(LogTruncated, match=found):
        running.append(at_start)
    at_start.close()
    assert read_all(running.log, running.place) == before[:1]

    call_command("restore_log", stdout=StringIO())
    assert read_all(running.log, running.place) == before
    call_command("verify", stdout=StringIO())
    assert running.append() == 4
    assert running.round() == ""
    running.close()


def test_who_appends_before_anybody_has_looked_finds_it_by_the_offset(
    stores: Stores, broker: Cluster
) -> None:
    running = Running(stores("kafka", broker.bootstrap), broker.bootstrap)
    lose_what_was_not_synced(broker, running)

    with pytest.raises(LogTruncated, match="offset 1 was given away twice"):
        running.append()
    running.close()


def lose_what_was_not_synced(broker: Cluster, running: Running) -> None:
    """Kill the broker, and take from its disk what a power cut may have taken: all behind the first record's batch."""
    broker.kill(1)
    data = broker.directory / "node-1" / "data"
    folder = data / f"{running.topic}-{running.place.partition}"
    [segment] = folder.glob("*.log")
    first = 12 + int.from_bytes(segment.read_bytes()[8:12], "big")
    with segment.open("r+b") as file:
        file.truncate(first)
    broker.restart(1)

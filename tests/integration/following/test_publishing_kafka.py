"""The real-time stream on real brokers: what a consumer finds there, and what a crash does to it."""

from __future__ import annotations

import json
import signal
import threading
import time
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from structlog.testing import capture_logs

from eventstore.checks import check_log
from eventstore.clock import SystemClock
from eventstore.errors import LogMisconfigured
from eventstore.events import Expected, NewEvent, Place
from eventstore.management.roster import make_worker
from eventstore.publishing.publisher import NotPublished, Publisher
from eventstore.publishing.subscription import NAME, publication
from eventstore.publishing.topics import create, feed_topics
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import Subscription, TryLater
from eventstore.testing.faulty_log import (
    ANSWER_LOST,
    LATE,
    PROPOSAL_LOST,
    REFUSED,
    FaultyLog,
    Network,
)
from eventstore.testing.shop import OrderPlaced
from teddy_es import health
from tests.plugins.kafka_logs import codecs, until
from tests.support.clocks import MovableClock
from tests.support.following import Orders, follow, follower
from tests.support.processes import a_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.test import Client

    from scripts.launcher.broker import Cluster
    from tests.plugins.stores import Stores

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("transactional_db")]


class World:
    """Orders, who publishes them, and a consumer that knows Kafka only."""

    def __init__(self, stores: Stores, bootstrap: str, **settings: Any) -> None:
        self.bootstrap = bootstrap
        self.orders = Orders(stores("kafka", bootstrap, **settings))
        self.network = Network()
        self.log = FaultyLog(self.orders.store.make_log(), self.network)
        create(feed_topics(), self.log)
        self.publisher = Publisher(lambda: self.log)

    def publish(self) -> None:
        """Until there is nothing to do."""
        made = publication(lambda: self.log)
        assert made is not None
        follow(follower(replace(made, raw_handler=self.publisher)))

    def records(self) -> list[Any]:
        """Everything on the topic, partition by partition."""
        (topic,) = feed_topics().numbers
        places = [TopicPartition(topic, n) for n in range(feed_topics().partitions)]
        consumer = KafkaConsumer(bootstrap_servers=[self.bootstrap])
        try:
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found: list[Any] = []
            deadline = time.monotonic() + 120
            while any(consumer.position(place) < ends[place] for place in places):
                assert time.monotonic() < deadline
                for records in consumer.poll(timeout_ms=500).values():
                    found += records
            return sorted(found, key=lambda r: (r.partition, r.offset))
        finally:
            consumer.close()

    def versions(self) -> dict[str, list[int]]:
        """Of each stream, by its own name, as they lie on the topic."""
        found: dict[str, list[int]] = {}
        for record in self.records():
            own = record.key.decode().partition(".")[2]
            found.setdefault(own, []).append(json.loads(record.value)["streamversion"])
        return found


def first_copies(versions: Iterable[int]) -> list[int]:
    """What is left for a consumer that leaves out what it has seen."""
    return [*dict.fromkeys(versions)]


def run_until(condition: Callable[[], bool]) -> None:
    """What `subscriptions run events` does, until it is done."""
    stop = threading.Event()
    worker = make_worker([NAME])
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        until(condition)
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def world(stores: Stores, kafka_bootstrap: str) -> Iterator[World]:
    made = World(stores, kafka_bootstrap)
    yield made
    made.log.close()


def test_a_consumer_finds_each_event_once_in_the_order_of_its_stream(
    world: World,
) -> None:
    placed = [world.orders.place(name, 3) for name in "abcdef"]
    for name in "abcdef":
        world.orders.change(name)

    world.publish()

    records = world.records()
    events = [json.loads(record.value) for record in records]
    partitions = {r.stream_id: r.positions[0].partition for r in placed}
    assert world.versions() == {name: [1, 2, 3, 4] for name in "abcdef"}
    assert [r.key.decode() for r in records] == [event["subject"] for event in events]
    assert [r.partition for r in records] == [
        partitions[event["subject"]] for event in events
    ]
    assert {tuple(r.headers) for r in records} == {
        (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
    }
    assert {r.timestamp_type for r in records} == {1}  # the broker's time
    assert len({event["id"] for event in events}) == len(events)


def test_what_lies_in_a_feed_is_packed_with_gzip(world: World) -> None:
    placed = world.orders.place("a", 20)

    world.publish()

    (topic,) = feed_topics().numbers
    assert codecs(Place(topic, placed.positions[0].partition), world.bootstrap) == {1}


def test_the_log_of_record_has_no_headers(world: World) -> None:
    world.orders.place("a")
    log = world.orders.store.topics.places[0].topic
    consumer = KafkaConsumer(bootstrap_servers=[world.bootstrap])
    places = [TopicPartition(log, n) for n in range(3)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)

    polled: list[Any] = []
    while not polled:
        polled = [r for rs in consumer.poll(timeout_ms=500).values() for r in rs]
    consumer.close()

    assert [list(record.headers) for record in polled] == [[]]


def test_a_crash_between_acknowledgement_and_commit_repeats_and_misses_nothing(
    world: World,
) -> None:
    world.orders.place("a", 3)

    def crashing(events: Any) -> None:
        world.publisher(events)
        raise TryLater

    with pytest.raises(TryLater):
        follower(Subscription(name=NAME, raw_handler=crashing)).round()
    world.orders.change("a")
    world.publish()

    ids = [json.loads(record.value)["id"] for record in world.records()]
    assert world.versions() == {"a": [1, 2, 3, 1, 2, 3, 4]}
    assert ids[:3] == ids[3:6]


def test_publishers_that_are_killed_miss_nothing_and_the_worker_goes_on(
    world: World,
) -> None:
    names = world.orders.names_everywhere(2)  # a write for each partition
    for name in names:
        world.orders.place(name, 3)
        world.orders.change(name)

    for writes in (1, 2, 1):
        with a_process("publish_and_be_killed", writes=writes) as process:
            assert process.wait(timeout=120) == -signal.SIGKILL
    before = len(world.records())
    run_until(lambda: not status_of(NAME, SystemClock().now()).lag)

    found = world.versions()
    assert before > 0
    assert sum(len(versions) for versions in found.values()) > 24  # copies
    assert {name: first_copies(versions) for name, versions in found.items()} == {
        name: [1, 2, 3, 4] for name in names
    }


@pytest.mark.parametrize("fault", [ANSWER_LOST, PROPOSAL_LOST, REFUSED, LATE])
def test_what_the_network_does_is_waited_out(world: World, fault: Any) -> None:
    world.orders.place("a")
    world.network.then(fault)

    with pytest.raises(NotPublished):
        world.publish()
    world.publish()
    world.orders.change("a")
    world.publish()
    world.network.be_good()
    while world.network.in_flight:
        world.network.land(world.log)

    assert first_copies(world.versions()["a"]) == [1, 2]


def test_a_broker_that_is_gone_has_the_events_published_when_it_is_back(
    stores: Stores, broker: Cluster
) -> None:
    world = World(stores, broker.bootstrap, APPEND_TIMEOUT=2.0)
    world.orders.place("a", 2)
    world.publish()
    world.orders.change("a")
    broker.kill(1)

    with pytest.raises(NotPublished):
        world.publish()
    broker.restart(1)
    world.publish()
    world.log.close()

    assert world.versions() == {"a": [1, 2, 3]}


def test_an_event_of_the_largest_commit_is_published(world: World) -> None:
    for name, size in (("a", 990_000), ("b", 999_550)):
        large = NewEvent(OrderPlaced(customer_id="x" * size))
        world.orders.store.append(world.orders.stream(name), [large], Expected.ANY)

    world.publish()

    found = {r.key.decode()[-1]: json.loads(r.value) for r in world.records()}
    assert len(found["a"]["data"]["customer_id"]) == 990_000
    assert found["b"]["problem"] == "too_large"


# ---- topics


def told_of(bootstrap: str, topic: str) -> dict[str, Any]:
    """A topic's settings."""
    admin = KafkaAdminClient(bootstrap_servers=[bootstrap])
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    try:
        told = admin.describe_configs([resource], config_filter="all")
    finally:
        admin.close()
    (one,) = (found for by_name in told.values() for found in by_name.values())
    return {name: entry["value"] for name, entry in one.items()}


def test_create_topics_makes_the_feeds_and_check_looks_at_them(
    stores: Stores, kafka_bootstrap: str
) -> None:
    store = stores("kafka", kafka_bootstrap)
    (topic,) = feed_topics().numbers
    call_command("create_topics", stdout=StringIO())

    settings = told_of(kafka_bootstrap, topic)
    sound = check_log()
    admin = KafkaAdminClient(bootstrap_servers=[kafka_bootstrap])
    admin.delete_topics([topic])
    admin.close()
    log = store.make_log()
    until(lambda: not log.topics([topic]))
    log.close()
    (missing,) = check_log()

    assert settings["cleanup.policy"] == "delete"
    assert settings["retention.ms"] == str(7 * 24 * 3600 * 1000)
    assert settings["message.timestamp.type"] == "LogAppendTime"
    assert settings["compression.type"] == "gzip"
    assert sound == []
    assert topic in str(missing.msg)


# ---- a topic that somebody has set up otherwise


def set_on(world: World, topic: str, settings: dict[str, str]) -> None:
    """What `kafka-configs.sh --alter --add-config` does."""
    admin = KafkaAdminClient(bootstrap_servers=[world.bootstrap])
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    admin.close()
    until(lambda: told_of(world.bootstrap, topic).items() >= settings.items())


def repaired(*arguments: str) -> list[str]:
    """The lines of what was changed."""
    out = StringIO()
    call_command("create_topics", "--repair", *arguments, stdout=out)
    lines = out.getvalue().splitlines()
    return [line for line in lines if line.startswith("Changed: ")]


WRONG = {"retention.ms": "-1", "cleanup.policy": "compact"}


def test_a_publisher_finds_within_a_minute_that_its_topic_was_changed_and_goes_on_when_it_is_right(
    world: World,
) -> None:
    clock = MovableClock()
    world.publisher = Publisher(lambda: world.log, clock)
    (topic,) = feed_topics().numbers
    world.orders.place("a")
    world.publish()

    set_on(world, topic, WRONG)
    world.orders.change("a")
    world.publish()
    clock.ahead += 60
    world.orders.change("a")
    with capture_logs() as said, pytest.raises(LogMisconfigured, match=topic):
        world.publish()
    until_then = world.versions()
    call_command("create_topics", "--repair", "--yes", stdout=StringIO())
    world.publish()

    assert until_then == {"a": [1, 2]}
    assert world.versions() == {"a": [1, 2, 3]}
    (line,) = [one for one in said if one["action"] == "publishing-delayed"]
    assert line["topic"] == topic
    assert "retention.ms is -1" in line["problem"]
    assert "cleanup.policy is compact" in line["problem"]


@pytest.mark.parametrize("prefix", ["eventstore.", "snapshots.", "events."])
def test_a_repair_sets_what_is_wrong_says_what_it_was_and_touches_no_record(
    world: World, prefix: str
) -> None:
    call_command("create_topics", stdout=StringIO())
    world.orders.place("a", 3)
    world.publish()
    (feed,) = feed_topics().numbers
    topic = prefix + feed.removeprefix("events.")
    before = told_of(world.bootstrap, topic)
    wrong = {
        "cleanup.policy": "compact",
        "retention.ms": "-1" if prefix == "events." else "3600000",
        "message.timestamp.type": "CreateTime",
    }
    set_on(world, topic, wrong)

    lines = repaired("--yes")
    again = repaired("--yes")

    assert told_of(world.bootstrap, topic) == before
    assert sorted(lines) == sorted(
        f"Changed: {topic}: {name} is {value}, becomes {before[name]}"
        for name, value in wrong.items()
    )
    assert again == []
    assert check_log() == []
    assert world.versions() == {"a": [1, 2, 3]}


def test_a_repair_asks_first(world: World) -> None:
    (topic,) = feed_topics().numbers
    set_on(world, topic, WRONG)
    shown = StringIO()

    with pytest.raises(CommandError, match="add --yes"):
        call_command("create_topics", "--repair", stdout=shown, stderr=shown)

    assert f"{topic}: retention.ms is -1, becomes 604800000" in shown.getvalue()
    assert told_of(world.bootstrap, topic).items() >= WRONG.items()


def test_a_wrong_topic_beside_the_log_keeps_web_and_reads_up_and_is_told(
    world: World, client: Client
) -> None:
    call_command("create_topics", stdout=StringIO())
    (topic,) = feed_topics().numbers
    set_on(world, topic, WRONG)
    told = StringIO()
    health.forget()

    with pytest.raises(CommandError, match=rf"{topic}: .*retention.ms is -1.*--repair"):
        call_command("create_topics", stdout=StringIO())
    call_command("create_topics", "--go-on", stdout=StringIO(), stderr=told)
    answer = client.get("/readyz")
    health.forget()

    assert topic in told.getvalue()
    assert answer.status_code == 200
    assert answer.json()["beside"] == "log-misconfigured"

"""Events are published at least once and in order, whatever the log answers; nobody is parked for what is its fault."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from structlog.testing import capture_logs

from eventstore.clock import SystemClock
from eventstore.errors import LogMisconfigured
from eventstore.events import Expected, NewEvent, Place
from eventstore.management.roster import roster
from eventstore.ports import Answer, Appended, NotWritten, Proposal, Topic, Unknown
from eventstore.publishing.publisher import NotPublished, Publisher
from eventstore.publishing.subscription import NAME, publication
from eventstore.publishing.topics import check, create, feed_topics, topic_of
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import Subscription, TryLater
from eventstore.testing.faulty_log import ALL, FINE, FaultyLog, Network
from eventstore.testing.shop import OrderPlaced
from tests.support.clocks import MovableClock
from tests.support.following import Orders, follow, follower
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_django.fixtures import Settings

    from eventstore.events import RecordedEvent
    from eventstore.ports import Batch, Extent
    from eventstore.store import EventStore
    from eventstore.subscriptions.follower import Follower

pytestmark = pytest.mark.usefixtures("transactional_db")


@dataclass
class Feeds:
    """A log that keeps headers, in memory; it says of each place's proposals that they were written, or what it is told."""

    kind: str = "kafka"
    records: list[Proposal] = field(default_factory=list)
    there: dict[str, Topic] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    faults: Network | None = None
    late: list[Sequence[Proposal]] = field(default_factory=list)
    is_closed: bool = False

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """Write all of them, or none if it is told to answer otherwise; a fault is one of the whole call."""
        assert timeout_s > 0
        self.calls.append(len(proposals))
        if self.answers:
            return [self.answers.pop(0)] * len(proposals)
        fault = self.faults.next_fault() if self.faults else FINE
        self.records += [*proposals] * fault.written
        self.late += [proposals] * fault.late
        if fault.answered:
            return [Appended(len(self.records), 1) for _ in proposals]
        lost = NotWritten(fault.name) if fault.refused else Unknown(fault.name)
        return [lost] * len(proposals)

    def land(self) -> None:
        """What is late arrives, the last first."""
        if self.late:
            self.records += self.late.pop()

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """Those that are there."""
        return {name: self.there[name] for name in names if name in self.there}

    def create(self, names: Iterable[str], *, partitions: int) -> None:
        """Make them."""
        for name in names:
            self.there[name] = Topic(name, "id", partitions)

    def read(self, place: Place, offset: int, *, max_bytes: int = 0) -> Batch:
        """Nobody who publishes reads."""
        raise NotImplementedError

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """Nobody who publishes asks."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go."""
        self.is_closed = True

    def versions(self) -> dict[str, list[int]]:
        """Of each stream, by its own name, as they lie in the log."""
        found: dict[str, list[int]] = {}
        for record in self.records:
            event = json.loads(record.value)
            own = event["subject"].partition(".")[2]
            found.setdefault(own, []).append(event["streamversion"])
        return found


def first_copies(versions: Iterable[int]) -> list[int]:
    """What is left for a consumer that leaves out what it has seen."""
    return list(dict.fromkeys(versions))


def behind() -> bool:
    """Whether something is still to be published."""
    return status_of(NAME, SystemClock().now()).lag > 0


@pytest.fixture
def orders(embedded_store: EventStore, settings: Settings) -> Orders:
    """On the embedded log; those who publish believe that it is Kafka."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": "kafka"}
    return Orders(embedded_store)


@pytest.fixture
def feeds(orders: Orders) -> Feeds:
    del orders
    made = Feeds()
    create(feed_topics(), made)
    return made


def publishing(log: Any, **given: Any) -> Follower:
    """A follower of the subscription as it is configured, on this log."""
    made = publication(lambda: log)
    assert made is not None
    return follower(replace(made, **given))


def test_every_event_is_published_once_with_key_partition_and_content_type(
    orders: Orders, feeds: Feeds
) -> None:
    placed = orders.place("a", 3)
    orders.place("b")

    follow(publishing(feeds))

    record = feeds.records[0]
    assert feeds.versions() == {"a": [1, 2, 3], "b": [1]}
    assert {r.key for r in feeds.records} == {
        orders.stream(name).encode() for name in "ab"
    }
    of_a = [r for r in feeds.records if r.key == orders.stream("a").encode()]
    assert {r.place for r in of_a} == {
        Place(f"events.{orders.stream_type}", placed.positions[0].partition)
    }
    assert record.headers == (
        ("content-type", b"application/cloudevents+json; charset=UTF-8"),
    )
    assert [json.loads(r.value)["logposition"] for r in of_a] == [
        str(position) for position in placed.positions
    ]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_network_does_first_copies_are_complete_and_in_order(
    orders: Orders, feeds: Feeds, seed: int
) -> None:
    feeds.faults = Network()
    one = publishing(feeds, most=4)
    for name in "abc":
        orders.place(name, 2)
        orders.change(name)
        orders.change(name)
    feeds.faults.at_random(0.4, seed, ALL)

    while behind():
        with suppress(NotPublished):
            one.round()
        if len(feeds.calls) % 3 == 0:
            feeds.land()
    while feeds.late:
        feeds.land()

    found = {name: first_copies(v) for name, v in feeds.versions().items()}
    assert found == {name: [1, 2, 3, 4] for name in "abc"}
    assert status_of(NAME, SystemClock().now()).parked == 0


def test_a_network_that_loses_records_one_by_one_costs_copies_only(
    orders: Orders, feeds: Feeds
) -> None:
    network = Network()
    one = publishing(FaultyLog(feeds, network), most=1)
    orders.place("a")
    for _ in range(9):
        orders.change("a")
    network.at_random(0.5, 7, ALL)

    while behind():
        with suppress(NotPublished):
            one.round()
    while network.in_flight:
        network.land(feeds)

    assert first_copies(feeds.versions()["a"]) == [*range(1, 11)]
    assert len(feeds.records) > 10
    assert status_of(NAME, SystemClock().now()).parked == 0


@pytest.mark.parametrize("answer", [NotWritten("no"), Unknown("perhaps")])
def test_what_is_not_acknowledged_parks_nobody_and_is_sent_again(
    orders: Orders, feeds: Feeds, answer: Answer
) -> None:
    orders.place("a", 3)
    one = publishing(feeds)
    feeds.answers = [answer]

    with pytest.raises(NotPublished, match=answer.reason):  # type: ignore[union-attr]
        one.round()
    how = status_of(NAME, SystemClock().now())
    follow(one)

    assert (how.handled, how.retrying, how.parked) == (0, 0, 0)
    assert feeds.versions() == {"a": [1, 2, 3]}


def test_a_crash_between_acknowledgement_and_commit_repeats_and_misses_nothing(
    orders: Orders, feeds: Feeds
) -> None:
    orders.place("a", 3)
    publisher = Publisher(lambda: feeds)

    def crashing(events: Any) -> None:
        publisher(events)
        raise TryLater

    with pytest.raises(TryLater):
        follower(Subscription(name=NAME, raw_handler=crashing)).round()
    ids = [json.loads(r.value)["id"] for r in feeds.records]
    orders.change("a")
    follow(follower(Subscription(name=NAME, raw_handler=publisher)))

    assert feeds.versions() == {"a": [1, 2, 3, 1, 2, 3, 4]}
    assert [json.loads(r.value)["id"] for r in feeds.records[3:6]] == ids


def test_a_missing_topic_is_waited_for_and_parks_nobody(
    orders: Orders, feeds: Feeds
) -> None:
    orders.place("a")
    one = publishing(feeds)
    there, feeds.there = feeds.there, {}

    with pytest.raises(LogMisconfigured, match="create_topics"):
        one.round()
    how = status_of(NAME, SystemClock().now())
    feeds.there = there
    follow(one)

    assert (how.retrying, how.parked) == (0, 0)
    assert feeds.versions() == {"a": [1]}


def test_what_one_topic_waits_for_holds_up_the_partitions_of_no_other(
    orders: Orders, feeds: Feeds
) -> None:
    partitions = range(orders.store.topics.partitions)
    held, *others = (list(islice(orders.names(number), 4)) for number in partitions)
    for name in chain(held, *others):
        orders.place(name)
    publisher = Publisher(lambda: feeds)
    wrong = LogMisconfigured("events.other", "it does not exist", "Make it.")

    def as_if_of_two_topics(events: Sequence[RecordedEvent]) -> None:
        if events[0].position.partition == 0:
            raise wrong
        publisher(events)

    with pytest.raises(LogMisconfigured, match=r"events\.other"):
        publishing(feeds, raw_handler=as_if_of_two_topics).round()

    assert feeds.versions() == {name: [1] for name in chain(*others)}


def test_topics_are_looked_at_again_once_a_minute(orders: Orders, feeds: Feeds) -> None:
    clock = MovableClock()
    one = publishing(feeds, raw_handler=Publisher(lambda: feeds, clock))
    orders.place("a")
    follow(one)
    there, feeds.there = feeds.there, {}
    clock.ahead = 59
    orders.change("a")
    follow(one)
    clock.ahead = 61
    orders.change("a")

    with capture_logs() as said, pytest.raises(LogMisconfigured):
        one.round()
    with pytest.raises(LogMisconfigured):
        one.round()
    feeds.there = there
    follow(one)

    (line,) = [one for one in said if "topic" in one]
    (topic,) = feed_topics().numbers
    assert (line["topic"], line["problem"]) == (topic, "it does not exist")
    assert feeds.versions() == {"a": [1, 2, 3]}


def test_topics_are_looked_at_once_and_again_behind_a_failure(
    orders: Orders, feeds: Feeds
) -> None:
    orders.place("a")
    one = publishing(feeds)
    follow(one)
    there, feeds.there = feeds.there, {}
    orders.change("a")
    follow(one)
    feeds.answers = [Unknown("perhaps")]
    orders.change("a")

    with pytest.raises(NotPublished):
        one.round()
    with pytest.raises(LogMisconfigured):
        one.round()
    feeds.there = there
    follow(one)

    assert feeds.versions() == {"a": [1, 2, 3]}


def test_long_events_are_sent_in_stretches_each_behind_the_acknowledgement_of_the_last(
    orders: Orders, feeds: Feeds
) -> None:
    long = NewEvent(OrderPlaced(customer_id="x" * 240_000))
    orders.store.append(orders.stream("a"), [long, long, long], Expected.NO_STREAM)

    follow(publishing(feeds))

    assert feeds.calls == [2, 1]
    assert feeds.versions() == {"a": [1, 2, 3]}


def test_an_event_that_the_registry_does_not_know_is_published_without_data(
    orders: Orders, feeds: Feeds
) -> None:
    World(orders.store).strange_event(orders.stream("a"))

    follow(publishing(feeds))

    (record,) = feeds.records
    event = json.loads(record.value)
    assert event["problem"] == "unknown_type"
    assert b"Zyzzyva" not in record.value


def test_the_embedded_log_takes_no_published_record(orders: Orders) -> None:
    orders.place("a")
    log = orders.store.make_log()
    create(feed_topics(), log)
    one = publishing(log)

    with pytest.raises(NotPublished, match="headers"):
        one.round()
    log.close()


# ---- who publishes, and where from


def test_it_is_of_the_roster_on_kafka_alone_and_can_be_switched_off(
    embedded_store: EventStore, settings: Settings
) -> None:
    del embedded_store
    given = {**settings.EVENTSTORE, "KAFKA_BOOTSTRAP": ["127.0.0.1:1"]}

    def names(**changes: Any) -> set[str]:
        settings.EVENTSTORE = given | changes
        return set(roster())

    assert NAME not in names()
    assert NAME in names(LOG="kafka")
    assert NAME not in names(LOG="kafka", PUBLISH=False)
    with pytest.raises(ImproperlyConfigured, match="PUBLISH_FROM"):
        names(LOG="kafka", PUBLISH_FROM="yesterday")


def test_create_topics_says_that_the_embedded_log_has_no_stream(
    embedded_store: EventStore,
) -> None:
    del embedded_store
    said = StringIO()

    call_command("create_topics", stdout=said)

    assert "the real-time stream needs Kafka" in said.getvalue()
    assert feed_topics().numbers == {}


def test_it_can_begin_behind_what_is_there(
    orders: Orders, feeds: Feeds, settings: Settings
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PUBLISH_FROM": "now"}
    orders.place("a", 2)
    one = publishing(feeds)
    orders.change("a")

    follow(one)

    assert feeds.versions() == {"a": [3]}


def test_a_closed_publisher_has_closed_its_log(orders: Orders, feeds: Feeds) -> None:
    orders.place("a")
    publisher = Publisher(lambda: feeds)
    publisher.close()
    assert not feeds.is_closed
    follow(follower(Subscription(name=NAME, raw_handler=publisher)))

    publisher.close()

    assert feeds.is_closed


def test_a_thread_that_ends_closes_its_log(orders: Orders, feeds: Feeds) -> None:
    del orders
    publisher = Publisher(lambda: feeds)
    thread = threading.Thread(target=publisher, args=[()])

    thread.start()
    thread.join()

    assert feeds.is_closed


# ---- topics


def test_topics_are_made_once_and_looked_at(orders: Orders) -> None:
    log = Feeds()
    topics = feed_topics()

    assert create(topics, log) == [topic_of(orders.stream("a"))]
    assert create(topics, log) == []
    check(topics, log)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"partitions": 4}, "reset events"),
        ({"problems": [("retention.ms is -1", "kafka-configs.sh")]}, "retention.ms"),
    ],
)
def test_a_topic_that_is_not_as_it_must_be_is_named(
    orders: Orders, feeds: Feeds, changes: dict[str, Any], told: str
) -> None:
    name = topic_of(orders.stream("a"))
    feeds.there[name] = replace(feeds.there[name], **changes)

    with pytest.raises(LogMisconfigured, match=told):
        check(feed_topics(), feeds)

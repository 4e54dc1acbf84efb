"""KafkaLog and brokers that are dead, deaf, frozen or restarted: it never claims more than it knows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from eventstore.errors import LogUnanswered
from eventstore.events import Place
from eventstore.log.kafka import KafkaLog
from eventstore.ports import Appended, NotWritten, Unknown
from eventstore.testing.log_given import a_proposal, a_topic, append, read_all
from scripts.launcher.ports import free_port
from tests.plugins.kafka_logs import in_time, until

if TYPE_CHECKING:
    from scripts.launcher.broker import Cluster

pytestmark = pytest.mark.kafka

OpenKafka = Callable[..., KafkaLog]

# What a busy machine may add to a time of a second. Who does not keep to it waits for the client's own limits: 5 s a request, 2 s for
# each place without a leader, 15 s to give up a record.
BUSY_S = 3.0


@pytest.fixture
def own(open_kafka: OpenKafka, broker: Cluster) -> KafkaLog:
    return open_kafka(broker.bootstrap)


@pytest.fixture
def own_place(own: KafkaLog) -> Place:
    name = a_topic()
    own.create([name], partitions=1)
    return Place(name, 0)


# ---- nobody there


def test_without_a_broker_nothing_is_written_and_it_is_said_soon(
    open_kafka: OpenKafka,
) -> None:
    log = open_kafka(_nobody())
    proposals = [a_proposal(Place("eventstore.t", 0))] * 3

    answers = in_time(lambda: log.append(proposals, timeout_s=10), within_s=5 + BUSY_S)

    assert [type(a) for a in answers] == [NotWritten] * 3


def test_without_a_broker_whoever_asks_hears_that_the_log_is_unavailable(
    open_kafka: OpenKafka,
) -> None:
    log, place = open_kafka(_nobody()), Place("eventstore.t", 0)

    for ask in (
        lambda: log.read(place, 0),
        lambda: log.extents([place]),
        lambda: log.topics(["eventstore.t"]),
        lambda: log.create(["eventstore.t"], partitions=1),
    ):
        with pytest.raises(LogUnanswered):
            ask()


def test_a_broker_that_accepts_and_never_answers_is_as_good_as_none(
    open_kafka: OpenKafka,
) -> None:
    proposals = [a_proposal(Place("eventstore.t", 0))]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        where = f"127.0.0.1:{deaf.getsockname()[1]}"

        answers = in_time(
            lambda: open_kafka(where).append(proposals, timeout_s=1), within_s=2
        )

    assert isinstance(answers[0], NotWritten)


# ---- there, and then not


def test_a_frozen_broker_leaves_the_outcome_unknown_and_then_the_log_tells_it(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place, b"before"))
    broker.pause(1)
    started = time.monotonic()

    answers = own.append([a_proposal(own_place, b"during")], timeout_s=1)
    took = time.monotonic() - started
    broker.resume(1)

    assert isinstance(answers[0], Unknown)
    assert took < 1 + BUSY_S
    until(lambda: own.extents([own_place])[own_place].end > 1)
    append(own, a_proposal(own_place, b"after"))
    values = [r.value for r in read_all(own, own_place)]
    assert values[0] == b"before"
    assert set(values[1:-1]) == {b"during"}
    assert values[-1] == b"after"


def test_a_frozen_broker_is_sent_one_batch_and_the_rest_was_not_written(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place))
    broker.pause(1)

    answers = own.append([a_proposal(own_place, b"x" * 1_000_000)] * 40, timeout_s=1)

    assert [type(a) for a in answers] == [Unknown] + [NotWritten] * 39


def test_a_killed_broker_takes_nothing_acknowledged_along(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    told = append(own, *(a_proposal(own_place, b"%d" % n) for n in range(100)))
    broker.kill(1)

    during = own.append([a_proposal(own_place, b"during")], timeout_s=1)
    with pytest.raises(LogUnanswered):
        own.read(own_place, 0)
    broker.restart(1)

    assert not isinstance(during[0], Appended)
    until(lambda: _is_appended(own, own_place))
    found = {r.offset: r.value for r in read_all(own, own_place)}
    assert [found[a.offset] for a in told] == [b"%d" % n for n in range(100)]
    if isinstance(during[0], NotWritten):
        assert b"during" not in found.values()


def test_a_connection_that_died_unnoticed_is_replaced(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place, b"before"))
    own.read(own_place, 0)
    broker.restart(1)

    assert own.read(own_place, 0).records[0].value == b"before"


def test_closing_with_something_under_way_returns_and_leaves_no_thread(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    threads = set(threading.enumerate())
    append(own, a_proposal(own_place))
    broker.pause(1)
    own.append([a_proposal(own_place)], timeout_s=0.5)
    started = time.monotonic()

    own.close()

    assert time.monotonic() - started < 5 + BUSY_S
    until(lambda: set(threading.enumerate()) <= threads)


def test_many_places_of_a_dead_broker_take_no_longer_than_one(
    own: KafkaLog, broker: Cluster
) -> None:
    name = a_topic()
    own.create([name], partitions=6)
    proposals = [a_proposal(Place(name, n)) for n in range(6)]
    append(own, *proposals)
    broker.kill(1)
    until(lambda: not isinstance(own.append(proposals[:1], timeout_s=1)[0], Unknown))
    started = time.monotonic()

    answers = own.append(proposals, timeout_s=10)

    assert [type(a) for a in answers] == [NotWritten] * 6
    assert time.monotonic() - started < 4 + BUSY_S


def _nobody() -> str:
    """An address where nobody listens, and which no connection of anybody's takes for its own end."""
    return f"127.0.0.1:{free_port()}"


def _is_appended(log: KafkaLog, place: Place) -> bool:
    return isinstance(log.append([a_proposal(place)], timeout_s=5)[0], Appended)

"""KafkaLog on three brokers: what is acknowledged survives the loss of one, and two dead are no reason to lie."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient

from eventstore.events import Place
from eventstore.ports import Appended, NotWritten
from eventstore.testing.log_given import a_proposal, a_topic, append, read_all
from tests.plugins.kafka_logs import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.log.kafka import KafkaLog
    from scripts.launcher.broker import Cluster

pytestmark = pytest.mark.kafka


@pytest.fixture
def log(open_kafka: Callable[..., KafkaLog], kafka_cluster3: Cluster) -> KafkaLog:
    return open_kafka(kafka_cluster3.bootstrap)


@pytest.fixture
def place(log: KafkaLog) -> Place:
    name = a_topic()
    log.create([name], partitions=1)
    return Place(name, 0)


def test_a_topic_gets_three_replicas_of_which_two_must_have_a_record(
    log: KafkaLog, place: Place, kafka_cluster3: Cluster
) -> None:
    seen = _described(place, kafka_cluster3)
    until(lambda: place.topic in log.topics([place.topic]))

    assert len(seen["replica_nodes"]) == 3
    assert list(log.topics([place.topic])[place.topic].problems) == []


def test_the_death_of_a_leader_loses_nothing_that_was_acknowledged(
    log: KafkaLog, place: Place, kafka_cluster3: Cluster
) -> None:
    told = append(log, *(a_proposal(place, b"before %d" % n) for n in range(100)))
    kafka_cluster3.kill(_described(place, kafka_cluster3)["leader_id"])
    deadline = time.monotonic() + 60

    refused: list[bytes] = []
    for n in itertools.count():
        value = b"after %d" % n
        answer = log.append([a_proposal(place, value)], timeout_s=10)[0]
        if isinstance(answer, Appended):
            break
        assert time.monotonic() < deadline, answer
        if isinstance(answer, NotWritten):
            refused.append(value)

    found = {r.offset: r.value for r in read_all(log, place)}
    assert [found[a.offset] for a in told] == [b"before %d" % n for n in range(100)]
    assert isinstance(answer, Appended)
    assert found[answer.offset] == value
    assert not set(refused) & set(found.values())


def test_with_too_few_replicas_nothing_is_acknowledged_and_afterwards_all_goes_on(
    log: KafkaLog, place: Place, kafka_cluster3: Cluster
) -> None:
    append(log, a_proposal(place, b"before"))
    leader = _described(place, kafka_cluster3)["leader_id"]
    others = [number for number in kafka_cluster3.nodes if number != leader]
    for number in others:
        kafka_cluster3.kill(number)

    answer = log.append([a_proposal(place, b"during")], timeout_s=3)[0]
    for number in others:
        kafka_cluster3.restart(number)

    assert not isinstance(answer, Appended)
    until(lambda: _is_appended(log, place))
    values = [r.value for r in read_all(log, place)]
    assert values[0] == b"before"
    if isinstance(answer, NotWritten):
        assert b"during" not in values


def _described(place: Place, brokers: Cluster) -> dict[str, Any]:
    """The partition, once the broker that happens to be asked has heard of the topic: one of the three made it."""
    admin = KafkaAdminClient(bootstrap_servers=brokers.bootstrap)
    found: list[dict[str, Any]] = []

    def is_known() -> bool:
        found[:] = admin.describe_topics([place.topic])[0]["partitions"]
        return bool(found) and found[0]["leader_id"] >= 0

    try:
        until(is_known)
    finally:
        admin.close()
    return found[0]


def _is_appended(log: KafkaLog, place: Place) -> bool:
    return isinstance(log.append([a_proposal(place)], timeout_s=5)[0], Appended)

"""The broker launcher: what tests and quickstart rely on when they kill, freeze and restart nodes."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from scripts.launcher.broker import Cluster
from scripts.launcher.console import Trouble
from scripts.launcher.wire import brokers_seen_by
from tests.acceptance.launched import becomes_true, lives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.launcher.java import Java

pytestmark = [
    pytest.mark.kafka,
    # kafka-python leaves the socket of a refused connection attempt to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _sockets_are_collected_here() -> Iterator[None]:
    """Here their warning is ignored; in whatever test the collector came by it is not."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def one(
    kafka_runtime: Java, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A single broker that these tests may break."""
    cluster = Cluster(tmp_path_factory.mktemp("one"), kafka_runtime)
    cluster.start()
    yield cluster
    cluster.stop()


def make_topic(cluster: Cluster, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap.split(","))
    try:
        admin.create_topics({name: {"num_partitions": 1}}, wait_for_metadata=True)
    finally:
        admin.close()


def a_producer(cluster: Cluster) -> KafkaProducer:
    return KafkaProducer(
        bootstrap_servers=cluster.bootstrap.split(","),
        acks="all",
        enable_idempotence=False,
        reconnect_backoff_max_ms=500,
        request_timeout_ms=2000,
        delivery_timeout_ms=3000,
    )


def accepted(producer: KafkaProducer, topic: str, value: bytes) -> bool:
    try:
        producer.send(topic, value).get(timeout=5)
    except KafkaError:
        return False
    return True


def values(cluster: Cluster, topic: str) -> list[bytes]:
    """All of the topic's first partition."""
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=cluster.bootstrap.split(","))
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        found: list[bytes] = []
        deadline = time.monotonic() + 120
        while consumer.position(partition) < end:
            assert time.monotonic() < deadline
            for records in consumer.poll(timeout_ms=500).values():
                found += [record.value for record in records]
        return found
    finally:
        consumer.close()


def settings_of(cluster: Cluster, resource: ConfigResource) -> dict[str, Any]:
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap.split(","))
    try:
        told = admin.describe_configs([resource], config_filter="all")
    finally:
        admin.close()
    (one,) = (found for by_name in told.values() for found in by_name.values())
    return {name: entry["value"] for name, entry in one.items()}


def test_a_broker_makes_no_topic_by_itself(one: Cluster) -> None:
    broker = ConfigResource(ConfigResourceType.BROKER, "1")

    settings = settings_of(one, broker)

    assert settings["auto.create.topics.enable"] == "false"
    assert settings["log.flush.interval.messages"] == "1"


def test_a_record_survives_kill_9_and_the_address_stays(one: Cluster) -> None:
    make_topic(one, "killed")
    producer = a_producer(one)
    before, address = one.pids[1], one.bootstrap
    assert accepted(producer, "killed", b"acknowledged")
    producer.close()

    one.kill(1)
    gone = not lives(before) and brokers_seen_by(one.nodes[1].port) == set()
    one.restart(1)

    assert gone
    assert one.pids[1] != before
    assert one.bootstrap == address
    assert values(one, "killed") == [b"acknowledged"]


def test_a_frozen_broker_is_silent_until_it_is_resumed(one: Cluster) -> None:
    one.pause(1)
    try:
        silent = brokers_seen_by(one.nodes[1].port, timeout_s=0.3) == set()
    finally:
        one.resume(1)

    assert silent
    assert becomes_true(lambda: brokers_seen_by(one.nodes[1].port) == {1})


def test_three_nodes_want_two_copies_and_go_on_with_two(
    kafka_cluster3: Cluster,
) -> None:
    make_topic(kafka_cluster3, "copied")
    producer = a_producer(kafka_cluster3)
    assert accepted(producer, "copied", b"three")

    kafka_cluster3.kill(1)
    with_two = becomes_true(lambda: accepted(producer, "copied", b"two"))
    kafka_cluster3.kill(2)
    with_one = accepted(producer, "copied", b"one")
    kafka_cluster3.heal()
    again = becomes_true(lambda: accepted(producer, "copied", b"again"))
    producer.close()

    assert with_two
    assert not with_one
    assert again
    assert {b"three", b"two", b"again"} <= set(values(kafka_cluster3, "copied"))


def test_a_frozen_broker_stops_and_its_directory_gives_the_same_records_and_ports(
    one: Cluster, kafka_runtime: Java
) -> None:
    make_topic(one, "kept")
    producer = a_producer(one)
    assert accepted(producer, "kept", b"yesterday")
    producer.close()
    pid = one.pids[1]

    one.pause(1)
    one.stop()
    stopped = not lives(pid) and one.pids == {}
    today = Cluster(one.directory, kafka_runtime)
    today.start()
    found = values(today, "kept")
    today.stop()
    one.heal()

    assert stopped
    assert found == [b"yesterday"]
    assert today.bootstrap == one.bootstrap


def test_a_taken_port_is_one_line_that_says_what_to_do(
    one: Cluster, kafka_runtime: Java, tmp_path: Path
) -> None:
    with pytest.raises(Trouble, match=r"Port \d+ is taken. Stop what uses it") as no:
        Cluster(tmp_path, kafka_runtime, port=one.nodes[1].port)

    assert "\n" not in str(no.value)

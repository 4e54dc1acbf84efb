"""Logs on real brokers, and a broker of their own for tests that freeze or kill it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import pytest

from eventstore.log.kafka import KafkaLog
from eventstore.log.kafka.batches import batches
from eventstore.log.kafka.cluster import Cluster as Connections
from eventstore.log.kafka.reader import Reader
from scripts.launcher.broker import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.events import Place
    from scripts.launcher.java import Java

T = TypeVar("T")


def until(condition: Callable[[], bool], *, timeout_s: float = 120.0) -> None:
    """Wait for a condition; fail if it does not come true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def in_time(ask: Callable[[], T], *, within_s: float) -> T:
    """What is answered within that time in one of ten tries: a busy machine may hold up some, and who takes longer takes it always."""
    for _ in range(10):
        began = time.monotonic()
        answer = ask()
        if time.monotonic() - began < within_s:
            return answer
    pytest.fail(f"not once answered within {within_s} s")


def codecs(place: Place, bootstrap: str) -> set[int]:
    """How the batches stand in the log: 0 not packed, 1 gzip, 2 snappy."""
    cluster = Connections({"bootstrap_servers": bootstrap})
    reader = Reader(cluster, patience_s=5)
    answer = reader._fetch(place, 0, 4_000_000, time.monotonic() + 5)
    cluster.close()
    return {batch.compression_type for batch in batches(answer.records)}


@pytest.fixture(scope="session")
def own_kafka(
    kafka_runtime: Java, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """One broker that would auto-create topics; tests ask for `broker`."""
    settings = {"auto.create.topics.enable": "true"}
    directory = tmp_path_factory.mktemp("own-kafka")
    cluster = Cluster(directory, kafka_runtime, settings=settings)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def broker(own_kafka: Cluster) -> Iterator[Cluster]:
    """A broker to freeze, kill and restart; each test finds it up."""
    yield own_kafka
    own_kafka.heal()  # and waits until it answers


@pytest.fixture
def open_kafka(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., KafkaLog]]:
    """Make a KafkaLog on the shared broker, or on those at an address; closed at the end."""
    logs: list[KafkaLog] = []

    def open_log(bootstrap: str | None = None) -> KafkaLog:
        where = bootstrap or request.getfixturevalue("kafka_bootstrap")
        logs.append(KafkaLog(where.split(",")))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()

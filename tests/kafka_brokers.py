"""Real brokers for tests: one that all share, and one of its own for those that freeze or kill it.

A plugin: `pytest_plugins = ["tests.kafka_brokers"]` in tests/conftest.py. TEDDY_TEST_KAFKA names a broker that
runs already.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventstore.log.kafka import KafkaLog
from scripts.launcher.broker import Cluster
from scripts.launcher.java import provide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def until(condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    """Wait for a condition; fail if it does not come true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Where the shared broker listens."""
    given = os.environ.get("TEDDY_TEST_KAFKA")  # noqa: TID251  who starts the tests says it
    if given:
        yield given.split(",")
        return
    cluster = _cluster(tmp_path_factory.mktemp("kafka"))
    cluster.start()
    try:
        yield cluster.bootstrap.split(",")
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that tests may freeze and kill, and that would auto-create topics."""
    settings = {"auto.create.topics.enable": "true"}
    cluster = _cluster(tmp_path_factory.mktemp("own-kafka"), settings)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def broker(own_cluster: Cluster) -> Iterator[Cluster]:
    """The broker of its own, running and awake before and after."""
    yield own_cluster
    if own_cluster.nodes[1].child is None:
        own_cluster.restart(1)
    own_cluster.resume(1)


@pytest.fixture
def open_kafka(
    kafka_bootstrap: list[str],
) -> Iterator[Callable[..., KafkaLog]]:
    """Make a KafkaLog on the shared broker, or on the one at `bootstrap`; closed at the end."""
    logs: list[KafkaLog] = []

    def open_log(bootstrap: str | None = None) -> KafkaLog:
        where = bootstrap.split(",") if bootstrap else kafka_bootstrap
        logs.append(KafkaLog(where))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()


def _cluster(directory: Path, settings: dict[str, str] | None = None) -> Cluster:
    return Cluster(directory, provide(Path(sys.executable)), settings=settings)

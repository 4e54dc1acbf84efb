"""Real Kafka brokers for tests: one that all share, or three of our own to break."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.launcher import java
from scripts.launcher.broker import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.launcher.java import Java


@pytest.fixture(scope="session")
def kafka_runtime() -> Java:
    """Java and Kafka's jars, of the environment in which the tests run."""
    return java.provide(Path(sys.executable))


@pytest.fixture(scope="session")
def kafka_bootstrap(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of one broker: that of `./teddy test`, else one that we start.

    It is shared by all tests: use topics of your own, and do not stop it. Whoever needs the project's topics leaves `PARTITIONS`
    as the settings have it, for the number of who comes first stays.
    """
    given = os.environ.get("TEDDY_TEST_KAFKA_BOOTSTRAP")  # noqa: TID251
    if given:
        yield given
        return
    runtime: Java = request.getfixturevalue("kafka_runtime")
    cluster = Cluster(tmp_path_factory.mktemp("kafka"), runtime)
    cluster.start()
    yield cluster.bootstrap
    cluster.stop()


@pytest.fixture(scope="session")
def shared_kafka_cluster3(
    kafka_runtime: Java, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three brokers, `min.insync.replicas=2`; tests ask for `kafka_cluster3`."""
    cluster = Cluster(tmp_path_factory.mktemp("kafka3"), kafka_runtime, nodes=3)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def kafka_cluster3(shared_kafka_cluster3: Cluster) -> Iterator[Cluster]:
    """Three brokers to kill, pause and restart; each test finds all of them up."""
    yield shared_kafka_cluster3
    shared_kafka_cluster3.heal()

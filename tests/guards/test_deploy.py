"""deploy/ repeats what the launcher and the locks say: here the two are compared."""

from __future__ import annotations

import re

import pytest

from scripts.launcher.broker import COMMON, THREE
from scripts.launcher.java import KAFKA_VERSION
from scripts.launcher.places import CHECKOUT

COMPOSE = (CHECKOUT / "deploy" / "compose.yaml").read_text()
EXAMPLE = (CHECKOUT / "deploy" / "example.env").read_text()
# What makes a cluster safe; how quickly it fails over is the tests' wish.
SAFETY = [
    *("auto.create.topics.enable", "default.replication.factor"),
    *("min.insync.replicas", "unclean.leader.election.enable"),
    *("offsets.topic.replication.factor", "transaction.state.log.min.isr"),
    "transaction.state.log.replication.factor",
]


@pytest.mark.parametrize("setting", SAFETY)
def test_production_brokers_are_as_safe_as_the_tested_ones(setting: str) -> None:
    variable = "KAFKA_" + setting.upper().replace(".", "_")

    found = re.findall(rf'^ +{variable}: "(.+)"$', COMPOSE, re.M)

    assert found == [{**COMMON, **THREE}[setting]], f"{variable} in deploy/compose.yaml"


def test_production_runs_the_tested_versions() -> None:
    assert re.findall(r"image: apache/kafka:(\S+)", COMPOSE) == [KAFKA_VERSION]
    assert re.findall(r"image: postgres:(\S+)", COMPOSE) == ["18"]


def test_three_different_brokers_share_one_list_of_voters() -> None:
    advertised = re.findall(r"BROKER://(kafka-\d):9092$", COMPOSE, re.M)
    voters = re.findall(r"\d@(kafka-\d):9093", COMPOSE)

    assert advertised == voters == ["kafka-1", "kafka-2", "kafka-3"]


def test_every_secret_is_asked_for_and_none_has_a_value() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE))
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    offered = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.M))

    assert wanted == used == set(offered)
    assert set(offered.values()) == {""}

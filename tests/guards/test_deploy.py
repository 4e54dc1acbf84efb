"""deploy/ repeats what the launcher and the locks say: here the two are compared."""

from __future__ import annotations

import re
import runpy
import subprocess
from typing import TYPE_CHECKING

import pytest

from scripts.launcher.broker import COMMON, THREE
from scripts.launcher.java import KAFKA_VERSION
from scripts.launcher.places import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE = (CHECKOUT / "deploy" / "compose.yaml").read_text()
DOCKERFILE = (CHECKOUT / "deploy" / "Dockerfile").read_text()
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
    wanted |= set(re.findall(r"\$\{([A-Z_]+):-\}", COMPOSE))  # empty is an answer
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    offered = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.M))

    assert wanted == used == set(offered)
    assert set(offered.values()) == {""}


def block(name: str, indent: int = 2) -> str:
    """What stands under a name of compose.yaml."""
    found = re.search(
        rf"^{' ' * indent}{name}:.*\n((?:{' ' * (indent + 1)}.*\n|\n)*)", COMPOSE, re.M
    )
    assert found, f"deploy/compose.yaml has no {name}"
    return found[1]


def test_these_four_count_in_one_directory_and_nobody_else_does() -> None:
    counting = block("x-counting", 0)
    (directory,) = re.findall(r"PROMETHEUS_MULTIPROC_DIR: (\S+)", COMPOSE)

    assert f"volumes: [metrics:{directory}]" in counting
    assert directory in counting
    for name in ("web", "mirror", "worker", "subscriptions"):
        service = block(name)
        assert "<<: *counting" in service
        # of their own, these would stand in place of what is shared
        assert not re.search(r"^    (environment|volumes|tmpfs):", service, re.M), name
    for name in ("prepare", "beat"):
        assert "<<: *teddy\n" in block(name)
    assert directory not in re.findall(r"tmpfs: \[(.*)\]", COMPOSE)[0]


def test_the_mirror_is_the_first_process_of_its_container() -> None:
    """Its number names its files; behind a shell or an init it could be that of a worker of web's."""
    assert 'command: ["python", "manage.py", "mirror"]' in block("mirror")
    assert not re.search(r"^ +(init|entrypoint|pid):", COMPOSE, re.M)
    assert "ENTRYPOINT" not in DOCKERFILE


@pytest.mark.parametrize("service", ["worker", "subscriptions"])
def test_these_count_in_a_folder_of_their_container(
    tmp_path: Path, service: str
) -> None:
    """Their processes have numbers of web's or the mirror's; two in one file would write over each other's figures."""
    (told,) = re.findall(r">-\n((?: {8}.*\n)+)", block(service))
    said = " ".join(told.split()).replace("$$", "$")
    said = re.sub(r"exec .*", 'echo "$PROMETHEUS_MULTIPROC_DIR"', said)

    done = subprocess.run(  # noqa: S603  (our own file's)
        ["/bin/sh", "-c", said],
        env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "HOSTNAME": "c0ffee"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == str(tmp_path / "c0ffee")
    assert (tmp_path / "c0ffee").is_dir()


def test_the_directory_belongs_to_the_user_that_writes_there() -> None:
    (user,) = re.findall(r"^USER (\w+)$", DOCKERFILE, re.M)
    (uid,) = re.findall(rf"useradd .*--uid (\d+) {user}$", DOCKERFILE, re.M)

    assert re.search(rf"^      o: uid={uid},mode=0700\b", COMPOSE, re.M)


def test_web_that_starts_leaves_the_mirrors_figures_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = tmp_path / "gauge_mostrecent_1.db"
    figures.write_bytes(b"what the mirror wrote")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    runpy.run_path(str(CHECKOUT / "deploy" / "gunicorn.conf.py"))["on_starting"](None)

    assert figures.read_bytes() == b"what the mirror wrote"

"""deploy/ repeats what the launcher and the locks say: here the two are compared."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from eventstore.api.feed.asking import LONGEST_S
from eventstore.api.feed.sse import Pace
from scripts.launcher.broker import COMMON, THREE
from scripts.launcher.java import KAFKA_VERSION
from scripts.launcher.places import CHECKOUT
from teddy_es.startup import REFUSED

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
    assert set(re.findall(r"image: postgres:(\S+)", COMPOSE)) == {"18"}


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


NGINX = (CHECKOUT / "deploy" / "nginx.conf").read_text()
OPERATIONS = (CHECKOUT / "docs" / "OPERATIONS.md").read_text()
SERVICES = re.findall(
    r"^  ([a-z0-9-]+):$",
    COMPOSE.partition("\nservices:\n")[2].partition("\nnetworks:")[0],
    re.M,
)


def whole(service: str) -> str:
    """What a service says, with what it inherits."""
    own = block(service)
    return own + "".join(block(f"x-{name}", 0) for name in _inherited(own))


def _inherited(text: str) -> list[str]:
    found: list[str] = re.findall(r"^ +<<: \*(broker|teddy|counting)$", text, re.M)
    return found + [one for name in found for one in _inherited(block(f"x-{name}", 0))]


def test_all_services_are_looked_at() -> None:
    assert {"kafka-1", "postgres", "redis", "web", "beat", "proxy"} <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("bound", ["mem_limit: ", "pids_limit: ", "logging: *logging"])
def test_every_process_is_bounded_and_so_is_its_log(service: str, bound: str) -> None:
    assert bound in whole(service)


def test_only_the_proxy_is_reached_from_outside_and_the_docs_say_where() -> None:
    published = re.findall(r"ports: \[(.+)\]", COMPOSE)
    assert published == [re.findall(r"ports: \[(.+)\]", block("proxy"))[0]]
    outer = re.findall(r'"(\d+):\d+"', published[0])

    assert f"on ports {' and '.join(outer)}" in OPERATIONS
    inner = re.findall(r':(\d+)"', published[0])
    assert set(inner) == set(re.findall(r"listen (\d+)", NGINX))


def test_the_proxy_that_is_believed_is_the_one_that_runs() -> None:
    (believed,) = re.findall(r"TEDDY_TRUSTED_PROXIES: (\S+)", COMPOSE)
    (runs,) = re.findall(r"ipv4_address: ([0-9.]+)", block("proxy"))
    in_edge = [name for name in SERVICES if re.search(r"\bedge\b", block(name))]

    assert believed == runs
    assert in_edge == ["web", "proxy"]


def test_the_proxy_sets_what_web_believes_and_passes_nothing_on() -> None:
    assert "X-Forwarded-For $remote_addr;" in NGINX
    assert "X-Forwarded-Proto https;" in NGINX
    assert "$proxy_add_x_forwarded_for" not in NGINX
    assert "proxy_request_buffering on;" in NGINX
    assert "proxy_buffering on;" in NGINX
    for address in ("metrics", "readyz"):
        assert address in re.findall(r"location ~ \^/\((.+)\)\$ ", NGINX)[0].split("|")


def test_probes_are_asked_where_they_are_answered() -> None:
    (port,) = re.findall(r"TEDDY_PROBES: \S+:(\d+)", COMPOSE)

    assert f"http://localhost:{port}/readyz" in block("web")
    assert f"listen {port}" not in NGINX


def test_redis_asks_for_the_password_that_workers_give() -> None:
    assert "requirepass $$REDISCLI_AUTH" in block("redis")
    assert "TEDDY_REDIS_PASSWORD" in block("redis")
    assert re.search(r"redis://:\$\{TEDDY_REDIS_PASSWORD\b.*@redis:", COMPOSE)


def test_a_service_is_let_through_with_its_token_and_waits_as_long_as_the_feed() -> (
    None
):
    (api,) = re.findall(r"location /api/ \{\n(.*?)\n        \}", NGINX, re.DOTALL)
    (patience,) = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)

    assert re.findall(r"limit_conn connections (\d+);", api) == ["512"]
    assert "Authorization " not in "".join(re.findall("proxy_set_header .*", NGINX))
    assert "proxy_ignore_headers" not in NGINX  # the feed's X-Accel-Buffering counts
    assert int(patience) > LONGEST_S > Pace().heartbeat_s


def test_nginx_takes_the_file(tmp_path: Path) -> None:
    """Where there is one: with a certificate for the test, and an address in place of a name of compose's."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        assert NGINX.count("{") == NGINX.count("}")
        return
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run(  # noqa: S603
        ["/usr/bin/openssl", *make, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    file = tmp_path / "nginx.conf"
    told = re.sub(r" /tmp/", f" {tmp_path}/", NGINX)
    told = told.replace("/etc/nginx/tls", str(tmp_path)).replace("web:8000", "[::1]:8")
    file.write_text(told)

    done = subprocess.run(  # noqa: S603
        [program, "-t", "-c", str(file)], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


def test_gunicorn_ends_with_the_exit_code_of_a_refused_start() -> None:
    """Its settings cannot import it: they load nothing of Django before the workers are there."""
    settings = runpy.run_path(str(CHECKOUT / "deploy" / "gunicorn.conf.py"))

    assert settings["_REFUSED"] == REFUSED

"""`./teddy up` and what goes with it, as a user at a terminal sees them."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import urllib.parse
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from eventstore.places import Kind
from scripts.launcher.places import KEPT, DataDirectory
from scripts.places import project_register
from tests.acceptance.launched import (
    Up,
    becomes_true,
    clean_environment,
    command,
    lives,
    start,
    teddy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

AN_EVENT = json.dumps(
    {
        "specversion": "1.0",
        "id": "5b0a7dd4-8a50-4d5b-9d0e-0f2f3c6e3c11",
        "source": "/teddy",
        "type": "ConversationStarted",
        "subject": "conversation.conv-1",
        "time": "2018-05-02T19:38:15Z",
        "datacontenttype": "application/json",
        "data": {"child_id": "child-1"},
    }
)
COUNT = (
    "from eventstore.models import Event; all = Event.objects;"
    " print(all.count(), all.filter(stream_id__startswith='conversation.').count())"
)
MADE = "Making the demo's households"


SERVICES = ("mirror", "worker", "beat", "subscriptions", "web")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Up, Path]]:
    """One that tests look at and do not stop."""
    data = tmp_path_factory.mktemp("up") / "data"
    up = start(data, "--no-demo")
    yield up, data
    up.stop(signal.SIGTERM)


@pytest.fixture
def runs() -> Iterator[ExitStack]:
    """Whatever a test has started ends with it, also if it fails."""
    with ExitStack() as stack:
        yield stack


def started(runs: ExitStack, data: Path, *arguments: str) -> Up:
    up = start(data, *arguments)
    runs.callback(lambda: up.process.poll() is None and up.stop(signal.SIGTERM))
    return up


def status(data: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(teddy("status", "--json", "--data", data).stdout)
    return told


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The refusal, which has to be the last line and no traceback."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def get(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=120) as answer:
        code: int = answer.status
        return code


def is_ready(address: str) -> bool:
    try:
        return get(f"{address}/readyz") == 200
    except OSError:
        return False


def logs_in(address: str, password: str) -> bool:
    """As a browser would: cookie, form, redirect to the first page."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(jar), urllib.request.ProxyHandler({})
    )
    page = opener.open(f"{address}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"username": "admin", "password": password, "next": "/admin/"}
    body = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
    opener.open(f"{address}/admin/login/", body).close()
    return "sessionid" in {cookie.name for cookie in jar}


# -- while it runs


def test_the_printed_password_opens_the_console(running: tuple[Up, Path]) -> None:
    up, _ = running

    assert becomes_true(lambda: is_ready(up.address))
    assert logs_in(up.address, up.password)
    assert not logs_in(up.address, "not-" + up.password)


def test_status_tells_what_runs_and_where(running: tuple[Up, Path]) -> None:
    up, data = running

    told = status(data)

    assert told["web"]["url"] == f"{up.address}/"
    assert told["database"]["url"].startswith("postgresql://")
    assert told["log"]["kind"] == "embedded"
    assert told["kafka"] == {"bootstrap": None, "pid": None}
    assert told["data_dir"] == str(data)
    assert told["versions"]["postgresql"].startswith("18.")
    assert set(told["pids"]) == {
        "teddy",
        "postgres",
        "mirror",
        "worker",
        "beat",
        "subscriptions",
        "web",
    }
    assert all(lives(pid) for pid in told["pids"].values())
    assert set(told["services"]) == set(SERVICES)
    assert set(told["services"]["web"]) == {"restarts", "last_exit"}


def test_manage_uses_what_runs_and_passes_input_output_and_exit_code(
    running: tuple[Up, Path],
) -> None:
    _, data = running
    code = (
        "import sys; from django.db import connection as c; k = c.cursor();"
        "k.execute('SHOW data_directory'); print(k.fetchone()[0]);"
        "print(sys.stdin.read().upper()); sys.exit(7)"
    )

    done = teddy("manage", "--data", data, "shell", "-v0", "-c", code, stdin="hello")

    assert done.stdout.splitlines() == [str(data / "postgres" / "data"), "HELLO"]
    assert done.returncode == 7


def test_jobs_run_by_themselves(running: tuple[Up, Path]) -> None:
    _, data = running
    code = (
        "from eventstore.queries.jobs import last_runs;"
        "run, = last_runs(['build_snapshots'], 1).by_job.get('build_snapshots', [None]);"
        "print(run and run.outcome)"
    )

    def outcome() -> str:
        return teddy("manage", "--data", data, "shell", "-v0", "-c", code).stdout

    assert becomes_true(lambda: outcome().strip() == "done")


def test_an_example_is_one_command(running: tuple[Up, Path]) -> None:
    _, data = running

    done = teddy("manage", "--data", data, "run_examples", "3")

    assert done.returncode == 0
    assert "resolved: True" in done.stdout


def test_a_second_start_on_the_same_data_is_refused(running: tuple[Up, Path]) -> None:
    _, data = running

    refusal = one_line(teddy("up", "--data", data, "--port", "0"))

    assert f"Something runs on {data} already" in refusal
    assert "--data DIR" in refusal


def test_a_reset_is_refused_while_it_runs(running: tuple[Up, Path]) -> None:
    up, data = running

    refusal = one_line(teddy("reset", "--yes", "--data", data))

    assert "Something runs on" in refusal
    assert becomes_true(lambda: is_ready(up.address))


def test_a_taken_port_is_one_line_that_names_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = one_line(teddy("up", "--data", tmp_path / "d", "--port", str(port)))

    assert refusal.startswith(f"teddy: Port {port} is taken.")
    assert "./teddy up --port " in refusal


# -- start, stop, start again


@dataclass
class Restart:
    """A run that was stopped and begun again. said, password: of the first start; told, again: its status then and now; counted: what
    the command said of events, and of those of conversations, which no job adds to.
    """

    said: str
    password: str
    second: Up
    data: Path
    told: dict[str, Any]
    again: dict[str, Any]
    code: int
    left: list[int]
    counted: list[tuple[int, int]]


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restart]:
    """Stopped with Ctrl-C and started again; what follows of it is noted before a test does anything to it."""
    data = tmp_path_factory.mktemp("back") / "data"
    with ExitStack() as stack:
        first = started(stack, data)
        told, counted = status(data), [counts(data)]
        said, password = first.said, first.password
        code = first.stop(signal.SIGINT)
        left = [pid for pid in told["pids"].values() if lives(pid)]
        second = started(stack, data)
        again = status(data)
        counted.append(counts(data))
        yield Restart(said, password, second, data, told, again, code, left, counted)


def counts(data: Path) -> tuple[int, int]:
    """How many events there are, and how many of them are a conversation's."""
    done = teddy("manage", "--data", data, "shell", "-v0", "-c", COUNT)
    events, spoken = map(int, done.stdout.split())
    return events, spoken


def test_ctrl_c_stops_all_and_the_next_start_is_quick_and_keeps_the_data(
    back: Restart,
) -> None:
    (events, spoken), (events_again, spoken_again) = back.counted

    assert back.code == 128 + signal.SIGINT
    assert back.left == []
    assert spoken == spoken_again > 2000
    assert (
        events_again >= events > spoken
    )  # cases become late meanwhile, which is recorded
    assert MADE in back.said
    assert MADE not in back.second.said  # which is most of what a start takes
    assert back.second.password != back.password


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_killed_comes_back_and_the_others_kept_running(
    running: tuple[Up, Path], name: str
) -> None:
    up, data = running
    before = status(data)

    os.kill(before["pids"][name], signal.SIGKILL)
    came_back = becomes_true(
        lambda: (
            status(data)["services"][name]["restarts"]
            > before["services"][name]["restarts"]
        )
    )
    after = status(data)

    assert came_back, up.said
    assert after["services"][name]["last_exit"] == 137
    assert after["pids"][name] != before["pids"][name]
    assert {k: v for k, v in after["pids"].items() if k != name} == {
        k: v for k, v in before["pids"].items() if k != name
    }
    assert f"teddy: {name} ended with exit code 137 (SIGKILL)" in up.said
    assert becomes_true(lambda: is_ready(up.address)), up.said
    text = teddy("status", "--data", data).stdout
    assert re.search(rf"^services\.{name}\.restarts +[1-9]", text, re.M)
    assert re.search(rf"^services\.{name}\.last_exit +137$", text, re.M)


def test_what_is_no_task_ends_no_worker(running: tuple[Up, Path]) -> None:
    _, data = running
    worker = status(data)["pids"]["worker"]
    refused = data / "tasks" / "refused"

    (data / "tasks" / "0_x.celery.msg").touch()

    assert becomes_true(lambda: refused.is_dir() and any(refused.iterdir()))
    assert status(data)["pids"]["worker"] == worker
    assert lives(worker)


def unregistered(data: Path) -> list[str]:
    """The files of a data directory that the register of places does not know; PostgreSQL's own come and go."""
    register = project_register()
    known = [place.name for place in register.of_kind(Kind.FILE)]
    names = [path.relative_to(data).as_posix() for path in files_in(data)]
    return [n for n in names if not any(fnmatchcase(n, pattern) for pattern in known)]


def files_in(data: Path) -> Iterator[Path]:
    """PostgreSQL's and the broker's own are not gone into: they come and go."""
    for folder, below, names in os.walk(data):
        below[:] = [name for name in below if name not in {"postgres", "data"}]
        yield from (Path(folder, name) for name in names)


def test_every_file_that_a_run_writes_is_in_the_register_of_places(
    running: tuple[Up, Path],
) -> None:
    up, data = running
    assert logs_in(up.address, up.password)
    assert becomes_true(lambda: (data / "tasks").is_dir())

    assert unregistered(data) == []


def test_a_file_that_nobody_registered_is_seen(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "spool.json").touch()
    (tmp_path / "secret_key").touch()

    assert unregistered(tmp_path) == ["tmp/spool.json"]


def test_the_end_of_postgresql_ends_all_with_its_exit_code(back: Restart) -> None:
    up, data, pids = back.second, back.data, back.again["pids"]

    os.kill(pids["postgres"], signal.SIGKILL)
    code = up.wait()
    wiped = teddy("reset", "--yes", "--data", data)

    assert code == 128 + signal.SIGKILL
    assert "PostgreSQL ended with exit code 137" in up.said
    assert "Traceback" not in up.said
    assert [pid for pid in pids.values() if lives(pid)] == []
    assert wiped.returncode == 0
    assert {path.name for path in data.iterdir()} == set(KEPT)


def test_nothing_outlives_a_killed_launcher_and_nothing_lies_outside(
    runs: ExitStack,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a short name: a socket's path must fit here, for it may not lie elsewhere
    here = tmp_path_factory.mktemp("up")
    data, home = here / "data", here / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    before = [(p, p.stat().st_mode, p.stat().st_uid) for p in data.parents]
    up = started(runs, data, "--no-demo")
    pids = status(data)["pids"]

    up.process.kill()
    up.process.wait()

    assert becomes_true(lambda: not any(lives(pid) for pid in pids.values()))
    assert status(data)["pids"] == {}
    assert list(home.iterdir()) == []
    assert [(p, p.stat().st_mode, p.stat().st_uid) for p in data.parents] == before
    assert data.stat().st_mode & 0o777 == 0o700


# -- manage alone, status of several, reset


def test_two_managements_in_a_pipe_share_one_database_and_leave_nothing_running(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    told = tmp_path / "writer.log"
    with told.open("wb") as stderr:
        writer = subprocess.Popen(  # noqa: S603  (our own executable)
            command(
                "manage", "--data", data, "shell", "-v0", "-c", "print('x' * 1000)"
            ),
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    code = "import sys; print(len(sys.stdin.read().strip()))"
    reader = subprocess.run(  # noqa: S603  (our own executable)
        command("manage", "--data", data, "shell", "-v0", "-c", code),
        env=clean_environment(),
        stdin=writer.stdout,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert writer.stdout
    writer.stdout.close()

    assert writer.wait(120) == reader.returncode == 0, reader.stderr + told.read_text()
    assert reader.stdout.strip() == "1000"
    assert not DataDirectory(data).is_owned()
    assert not (data / "postgres" / "data" / "postmaster.pid").exists()


def test_status_names_both_when_two_run(tmp_path: Path) -> None:
    both = [DataDirectory(tmp_path / name) for name in ("one", "two")]

    with ExitStack() as stack:
        for data in both:
            data.make()
            stack.enter_context(data.owned())
            stack.enter_context(data.listed())
        refusal = one_line(teddy("status"))

    assert all(str(data) in refusal for data in both)
    assert "--data" in refusal


def test_status_of_nothing_says_how_to_start(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    data.make()

    done = teddy("status", "--data", data.path)

    assert done.returncode == 3
    assert "./teddy up" in done.stdout


def test_reset_asks_first_and_removes_the_data_only(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    data.make()
    (data.path / "postgres").mkdir()
    (data.path / "notes.txt").write_text("mine")

    refusal = one_line(teddy("reset", "--data", data.path))
    kept = (data.path / "postgres").exists()
    done = teddy("reset", "--data", data.path, "--yes")

    assert "add --yes" in refusal
    assert kept
    assert done.returncode == 0
    assert not (data.path / "postgres").exists()
    assert (data.path / "notes.txt").exists()


# -- on Kafka


def test_a_directory_made_for_the_embedded_log_refuses_kafka(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    data.make()
    data.write_state(log="embedded")

    refusal = one_line(teddy("up", "--kafka", "--data", data.path, "--port", "0"))

    assert "was made for the embedded log" in refusal
    assert "./teddy reset" in refusal


@pytest.fixture(scope="module")
def on_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restart]:
    """One event; then somebody changes a topic beside the log, and it is stopped and started again."""
    data = tmp_path_factory.mktemp("kafka") / "data"
    with ExitStack() as stack:
        first = started(stack, data, "--kafka", "--no-demo")
        told = status(data)
        imported = teddy("manage", "--data", data, "import_events", "-", stdin=AN_EVENT)
        assert imported.returncode == 0, imported.stderr
        said, password = first.said, first.password
        set_on(told["kafka"]["bootstrap"], "events.child", "retention.ms", "-1")
        code = first.stop(signal.SIGTERM)
        left = [pid for pid in [told["kafka"]["pid"]] if lives(pid)]
        second = started(stack, data, "--no-demo")  # the directory knows its log
        again, counted = status(data), [counts(data)]
        yield Restart(said, password, second, data, told, again, code, left, counted)


@pytest.mark.kafka
def test_on_kafka_events_and_address_are_kept_over_a_restart(on_kafka: Restart) -> None:
    told, again = on_kafka.told, on_kafka.again
    verified = teddy("manage", "--data", on_kafka.data, "verify")

    assert told["log"]["kind"] == again["log"]["kind"] == "kafka"
    assert told["kafka"]["bootstrap"] == again["kafka"]["bootstrap"]
    assert on_kafka.left == []
    assert lives(again["kafka"]["pid"])
    assert on_kafka.counted == [(1, 1)]
    assert unregistered(on_kafka.data) == []
    assert verified.returncode == 0, verified.stdout + verified.stderr


def published(data: Path) -> str:
    return teddy("manage", "--data", data, "subscriptions", "show", "events").stdout


@pytest.mark.kafka
def test_a_wrong_topic_beside_the_log_keeps_nothing_down_and_a_command_puts_it_right(
    on_kafka: Restart,
) -> None:
    up, data = on_kafka.second, on_kafka.data
    teddy("manage", "--data", data, "run_examples", "3")  # of a child

    assert is_ready(up.address)
    assert "teddy: Topic events.child: retention.ms is -1" in up.said
    assert "create_topics --repair" in up.said
    # the talk's that was imported, and that a key was made for the child
    assert becomes_true(lambda: "handled 2 events" in published(data)), published(data)
    refusal = one_line(teddy("manage", "--data", data, "create_topics", "--repair"))
    assert "add --yes" in refusal
    done = teddy("manage", "--data", data, "create_topics", "--repair", "--yes")
    assert "Changed: events.child: retention.ms is -1, becomes 604800000" in done.stdout
    assert becomes_true(lambda: " 0 records to go" in published(data)), published(data)


def set_on(bootstrap: str, topic: str, name: str, value: str) -> None:
    """What `kafka-configs.sh --alter --add-config` does."""
    admin = KafkaAdminClient(bootstrap_servers=[bootstrap])
    change = ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})
    admin.alter_configs([change])
    admin.close()

"""Who follows takes nothing from who appends, and a process that is told to stop ends who follows in order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from http.client import HTTPConnection
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from eventstore.events import Expected, NewEvent
from eventstore.store import make_event_store
from scripts.launcher.ports import free_port
from teddy_es.domain.conversation import ChildSpoke
from tests.acceptance.launched import becomes_true
from tests.support.callers import FEED, a_caller
from tests.support.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

PLACES = 2


class Web:
    """One process with places for two followers, and a token."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.process: subprocess.Popen[bytes]
        self.opened = ExitStack()

    def asked(self, query: str = "", accept: str = "application/json") -> Any:
        """The answer, as far as its headers; the rest comes when it comes."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.opened.callback(connection.close)
        headers = {"Authorization": f"Token {self.token}", "Accept": accept}
        connection.request("GET", f"/api/v1{FEED}{query}", headers=headers)
        answer = connection.getresponse()
        self.opened.callback(answer.close)
        return answer

    def is_there(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.asked().status == 200)
        except OSError:
            return False


@pytest.fixture
def web(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[Web]:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": "embedded", "PARTITIONS": 3}
    call_command("create_topics", stdout=StringIO())
    made = Web(free_port(), a_caller(scopes=["streams:read"]).token)
    command = ["-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
    options = ["--workers", "1", "--threads", "1", "--worker-tmp-dir", str(tmp_path)]
    bind = ["--bind", f"127.0.0.1:{made.port}"]
    with (
        (tmp_path / "web.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603  (our own server)
            [sys.executable, *command, *options, *bind, "teddy_es.wsgi"],
            cwd=ROOT,
            env=environment() | {"TEDDY_FOLLOWERS": str(PLACES)},
            stderr=log,
        ) as made.process,
    ):
        try:
            assert becomes_true(made.is_there)
            yield made
        finally:
            made.opened.close()
            made.process.kill()


def test_followers_have_places_of_their_own_and_end_in_order(web: Web) -> None:
    after = json.loads(web.asked("?after=now").read())["next"]
    following = [web.asked("?after=now", "text/event-stream") for _ in range(PLACES)]
    beginnings = [one.readline() for one in following]

    refused = web.asked("?wait=30&after=now")
    page = web.asked(f"?after={after}")

    assert beginnings == [b"retry: 1000\n"] * PLACES
    assert (refused.status, page.status) == (503, 200)
    assert json.loads(refused.read())["code"] == "too-many-followers"
    web.process.send_signal(signal.SIGTERM)
    # each is read to its proper end: a stream that was cut off would raise
    assert all(b"event:" not in one.read() for one in following)
    assert web.process.wait(120) == 0


def test_who_hangs_up_leaves_its_place(web: Web) -> None:
    for _ in range(2 * PLACES):  # more than there are places
        with socket.create_connection(("127.0.0.1", web.port), timeout=120) as client:
            head = f"GET /api/v1{FEED}?after=now HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            client.sendall(f"{head}Authorization: Token {web.token}\r\n\r\n".encode())
            assert becomes_true(lambda: b"retry: " in client.recv(10_000))
        assert becomes_true(lambda: web.asked("?wait=1&after=now").status == 200)


def test_who_waits_is_answered_when_something_comes_and_when_the_process_stops(
    web: Web,
) -> None:
    stream = web.asked("?after=now&types=conversation", "text/event-stream")
    stream.readline()
    spoke = ChildSpoke(child_id="child-1", text="Hello")
    store = make_event_store()
    store.append("conversation.c-1", [NewEvent(spoke)], Expected.ANY)
    store.close()

    lines = iter(stream.readline, b"")
    data = next(line for line in lines if line.startswith(b"data: "))
    web.process.send_signal(signal.SIGTERM)

    [event] = json.loads(data.removeprefix(b"data: "))["events"]
    assert event["stream_id"] == "conversation.c-1"
    assert web.process.wait(120) == 0
    assert b"data" not in stream.read()

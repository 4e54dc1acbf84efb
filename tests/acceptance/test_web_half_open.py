"""Whoever opens connections and does not go on stops neither pages nor probes; and a process without a free thread is alive."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from scripts.launcher.ports import free_port
from tests.acceptance.launched import becomes_true
from tests.support.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HALVES = {
    "half a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b",
    "half a body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    "nothing": b"",
}
THREADS = 2


class Web:
    """One worker of few threads, its page's port and that of its probes."""

    def __init__(self) -> None:
        self.pages, self.probes = free_port(), free_port()

    def asked(self, path: str = "/", *, data: bytes | None = None) -> str:
        """What a page answers; nothing if none does."""
        return _asked(f"http://127.0.0.1:{self.pages}{path}", data)

    def probed(self, path: str) -> str:
        """What a probe answers."""
        return _asked(f"http://127.0.0.1:{self.probes}{path}", None)

    def opened(self, sent: bytes) -> socket.socket:
        """A connection on which so much was sent."""
        made = socket.create_connection(("127.0.0.1", self.pages), timeout=120)
        made.sendall(sent)
        return made


def _asked(address: str, data: bytes | None) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, data=data, timeout=120) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """With its worker, whose threads may never come back."""
    os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    place: Path = tmp_path_factory.mktemp("web")
    made = Web()
    options = ["--workers", "1", "--threads", str(THREADS)]
    options += ["--bind", f"127.0.0.1:{made.pages}", "--worker-tmp-dir", str(place)]
    command = ["-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
    probes = {"TEDDY_PROBES": f"127.0.0.1:{made.probes}"}
    with (
        (place / "web.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603  (our own server)
            [sys.executable, *command, *options, "tests.acceptance.stuck_web"],
            cwd=ROOT,
            env={**environment(), **probes},
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            assert becomes_true(lambda: made.asked() == "page ")
            yield made
        finally:
            _end(process)


@pytest.mark.parametrize("many", [16, 64])
@pytest.mark.parametrize("half", HALVES)
def test_many_half_sent_requests_stop_nothing(web: Web, half: str, many: int) -> None:
    with ExitStack() as opened:
        for _ in range(many):
            opened.enter_context(web.opened(HALVES[half]))

        assert web.asked() == "page "
        assert web.asked(data=b"a body") == "page a body"
        assert web.probed("/healthz") == "ok\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n", 414, "address-too-long"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9_000 + b"\r\n", 431, "headers-too-long"),
        (b"GET / FTP/1.1\r\n", 400, "malformed-request"),
    ],
)
def test_what_is_no_request_is_refused_in_problem_details(
    web: Web, sent: bytes, status: int, code: str
) -> None:
    answer = b""
    with web.opened(sent + b"Host: localhost\r\n\r\n") as other:
        while came := other.recv(10_000):
            answer += came

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["code"] == code


def test_a_request_that_comes_in_pieces_is_answered(web: Web) -> None:
    whole = HALVES["half a body"] + b"defghi"
    with web.opened(b"") as slow:
        for byte in whole:
            slow.sendall(bytes([byte]))
        answer = slow.recv(1000)
        while b"page" not in answer:
            answer += slow.recv(1000)

    assert b"page abcdefghi" in answer


def test_two_requests_on_one_connection_are_both_answered(web: Web) -> None:
    ask = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with web.opened(ask) as kept:
        for _ in range(2):
            answer = b""
            while b"page" not in answer:
                answer += kept.recv(1000)
            kept.sendall(ask)


def test_who_does_not_go_on_is_closed(web: Web) -> None:
    with web.opened(HALVES["half a header"]) as half:
        assert half.recv(1) == b""


def test_probes_are_answered_while_every_thread_is_busy(web: Web) -> None:
    """The last of this module in effect: these threads never come back. Whoever comes after it has a worker of its own."""
    with ExitStack() as opened:
        busy = free_port()
        command = ["-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
        other = Web()
        options = ["--workers", "1", "--threads", "1", "--bind", f"127.0.0.1:{busy}"]
        process = subprocess.Popen(  # noqa: S603  (our own server)
            [sys.executable, *command, *options, "tests.acceptance.stuck_web"],
            cwd=ROOT,
            env={**environment(), "TEDDY_PROBES": f"127.0.0.1:{other.probes}"},
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        opened.callback(process.wait)
        opened.callback(_end, process)
        other.pages = busy
        assert becomes_true(lambda: other.asked() == "page ")
        for _ in range(3):
            opened.enter_context(
                other.opened(b"GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n")
            )

        assert other.probed("/healthz") == "ok\n"
        assert "eventstore_" in other.probed("/metrics")

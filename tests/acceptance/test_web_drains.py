"""gunicorn is told to stop while commits wait in a worker: all of them get into the log, and its exit is an orderly one."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from eventstore.opening import opener
from eventstore.store import make_event_store
from scripts.launcher.ports import free_port
from tests.acceptance.drained_web import COUNT, STREAM
from tests.acceptance.launched import becomes_true
from tests.support.processes import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings


@pytest.fixture
def web(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """One worker with the settings of the real installation, and its address."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": "embedded", "PARTITIONS": 3}
    call_command("create_topics", stdout=StringIO())
    place = f"127.0.0.1:{free_port()}"
    options = ["--workers", "1", "--bind", place, "--worker-tmp-dir", str(tmp_path)]
    command = ["-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
    with (
        (tmp_path / "web.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603  (our own server)
            [sys.executable, *command, *options, "tests.acceptance.drained_web"],
            cwd=ROOT,
            env=environment(),
            stderr=log,
        ) as process,
    ):
        try:
            yield process, f"http://{place}/"
        finally:
            process.kill()


def asked(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=120) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def test_sigterm_drains_what_waits_in_a_worker(
    web: tuple[subprocess.Popen[bytes], str],
) -> None:
    process, address = web
    assert becomes_true(lambda: asked(address))

    process.send_signal(signal.SIGTERM)
    code = process.wait(120)

    store = make_event_store()
    events = store.read(STREAM, opener=opener())
    said = [int(event.data["text"]) for event in events]
    assert code == 0
    assert said == list(range(COUNT))

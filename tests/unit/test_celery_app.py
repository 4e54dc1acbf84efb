"""Whoever sends a task sends it to the configured broker, also a process that never heard of Celery."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from celery import current_app
from celery.bin.beat import beat
from celery.bin.worker import worker
from kombu.connection import Connection

from eventstore.tasks import run_job
from teddy_es.celery import app

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

_SENDS = """
import django

django.setup()
from eventstore.tasks import run_job

run_job.delay("forget_runs")
"""


def test_tasks_are_those_of_the_projects_app(settings: Settings) -> None:
    assert current_app._get_current_object() is app
    assert run_job.app is app
    assert app.conf.broker_url == settings.CELERY_BROKER_URL


def test_delay_uses_the_configured_broker_where_nothing_but_django_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `teddy_es.apps`: the root imports nothing, and without an app Celery would ask for a broker of its own choice."""
    for name, value in {
        "CELERY_BROKER_URL": "filesystem://",
        "TEDDY_TASKS": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "teddy_es.settings",
    }.items():
        monkeypatch.setenv(name, value)

    subprocess.run([sys.executable, "-c", _SENDS], check=True, timeout=120)  # noqa: S603  (our own words)

    (task,) = tmp_path.glob("*.msg")
    headers = json.loads(task.read_text("utf-8"))["headers"]
    assert headers["task"] == "eventstore.run_job"


def test_a_worker_takes_its_scheduler_by_the_long_name_only() -> None:
    """What docs/OPERATIONS.md warns of: `-S` is another option there, and takes the scheduler's name for a file's."""
    names = {param.name: param.opts for param in worker.params}

    assert names["scheduler"] == ["--scheduler"]
    assert "-S" in names["statedb"]
    assert "-S" in next(p.opts for p in beat.params if p.name == "scheduler")


def test_pgmq_is_refused_at_once_as_the_page_says() -> None:
    broker = Connection("pgmq://h/d")  # type: ignore[no-untyped-call]

    with pytest.raises(ImportError, match="pgmq"):
        broker.connect()  # type: ignore[no-untyped-call]

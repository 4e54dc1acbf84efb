"""Probes: alive asks nobody, ready asks database and log and says what it must, metrics count all processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.test import Client

from eventstore.errors import LogUnavailable
from eventstore.events import Expected, NewEvent, Place
from eventstore.queries.overview import cursors
from eventstore.testing.shop import OrderPlaced
from teddy_es import health

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import DjangoAssertNumQueries, Settings

    from eventstore.store import EventStore


@pytest.fixture
def asked(
    embedded_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EventStore]:
    """A store whose health is asked for."""
    monkeypatch.setattr(health, "get_event_store", lambda: embedded_store)
    health._own_log.cache_clear()
    yield embedded_store
    health._own_log().close()
    health._own_log.cache_clear()


def ready() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_alive_asks_nobody(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")

    assert answer.status_code == 200


def test_ready_says_that_nothing_is_sealed(asked: EventStore) -> None:
    status, answer = ready()

    assert status == 200
    assert answer == {
        "ready": True,
        "database": "ok",
        "log": "ok",
        "lag": {"records": 0, "worst": None, "worst_records": 0},
        "sealing": "pass-through, development data",
    }


def test_ready_tells_how_far_the_mirror_is_behind(
    asked: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    [topic] = asked.topics.numbers
    asked.append(
        f"{topic.removeprefix('eventstore.')}.o-1",
        [NewEvent(OrderPlaced(customer_id="c-1"))],
        Expected.ANY,
    )
    seen = cursors()
    monkeypatch.setattr(health, "cursors", lambda: dict.fromkeys(seen, 0))

    _, answer = ready()

    assert answer["lag"]["records"] == 1
    assert answer["lag"]["worst"].startswith(topic)


def test_a_log_that_does_not_answer_is_not_ready(
    asked: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> dict[Place, int]:
        reason = "broker-7.internal does not answer"
        raise LogUnavailable(reason)

    monkeypatch.setattr(health, "_ends", silent)

    status, answer = ready()

    assert status == 503
    assert answer["log"] == "no answer"
    assert answer["lag"] is None
    assert "internal" not in json.dumps(answer)


def test_a_database_that_does_not_answer_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent() -> dict[Place, int]:
        reason = "connection to 10.0.0.7 refused, password=hunter2"
        raise OperationalError(reason)

    monkeypatch.setattr(health, "_cursors", silent)

    status, answer = ready()

    assert status == 503
    assert answer["database"] == "no answer"
    assert "hunter2" not in json.dumps(answer)


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read(db: None, address: str) -> None:
    assert Client().post(address).status_code == 405


def test_metrics_name_what_the_store_counts(asked: EventStore) -> None:
    ready()

    text = Client().get("/metrics").text

    for name in (
        "eventstore_verdicts_total",
        "eventstore_malformed_total",
        "eventstore_append_seconds",
        "eventstore_fold_seconds",
        "eventstore_fold_races_total",
        "eventstore_append_queue",
        "eventstore_mirror_lag_records",
    ):
        assert f"# TYPE {name} " in text


WORKER = """
import sys
from eventstore import metrics
metrics.VERDICTS.labels("accepted").inc(float(sys.argv[1]))
metrics.APPEND_QUEUE.set(float(sys.argv[1]))
metrics.MIRROR_LAG.labels("eventstore.order", "0").set(float(sys.argv[1]))
if sys.argv[2] == "dies":
    import os
    from prometheus_client.multiprocess import mark_process_dead
    mark_process_dead(os.getpid())
"""


def test_metrics_of_several_processes_add_up(
    db: None, tmp_path: Path, settings: Settings
) -> None:
    for amount, end in (("2", "lives"), ("5", "lives"), ("1", "dies")):
        subprocess.run(  # noqa: S603  (our own interpreter)
            [sys.executable, "-c", WORKER, amount, end],
            check=True,
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},  # noqa: TID251  (a child's)
        )
    settings.PROMETHEUS_MULTIPROC_DIR = str(tmp_path)

    lines = Client().get("/metrics").text.splitlines()

    assert 'eventstore_verdicts_total{verdict="accepted"} 8.0' in lines
    assert "eventstore_append_queue 7.0" in lines
    assert (
        'eventstore_mirror_lag_records{partition="0",topic="eventstore.order"} 1.0'
        in lines
    )

"""Probes: alive asks nobody, ready asks database and log and says what it must, metrics count all processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from eventstore import metrics
from eventstore.errors import LogUnanswered
from eventstore.events import Expected, NewEvent, Place
from eventstore.queries.overview import cursors
from eventstore.store import make_event_store
from eventstore.testing.shop import OrderPlaced
from scripts.launcher.ports import free_port
from teddy_es import health
from teddy_es.asking import Turns
from tests.support.clocks import A_HANG_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_django.fixtures import DjangoAssertNumQueries, Settings

    from eventstore.ports import Extent, Log, Topic
    from eventstore.store import EventStore
    from tests.plugins.stores import Stores


@pytest.fixture(autouse=True)
def _as_a_process_that_was_never_asked() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


@pytest.fixture
def asked(embedded_store: EventStore, monkeypatch: pytest.MonkeyPatch) -> EventStore:
    """A store whose health is asked for."""
    monkeypatch.setattr(health, "get_event_store", lambda: embedded_store)
    return embedded_store


def ready() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_alive_asks_nobody(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")

    assert answer.status_code == 200


def test_ready_says_of_each_part_how_it_is(asked: EventStore) -> None:
    status, answer = ready()

    assert status == 200
    assert answer == {
        "ready": True,
        "settings": "ok",
        "database": "ok",
        "log": "ok",
        "index": "ok",
        "beside": "ok",
        "keys": "ok",
        "lag": {"records": 0, "worst": None, "worst_records": 0},
        "stopped": [],
        "clock": {"skew_s": 0.0, "worst": None},
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


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_of_the_log_that_is_off_is_told_and_ready_all_the_same(
    asked: EventStore, seconds: int
) -> None:
    place, now = asked.topics.places[0], asked.reporter.clocks._clock.now()
    dated = round((now.timestamp() + seconds) * 1000)
    asked.reporter.clocks.answered(place, dated, now)

    status, answer = ready()

    assert status == 200
    assert answer["clock"]["skew_s"] == pytest.approx(seconds, abs=5)
    assert answer["clock"]["worst"] == str(place)


def test_a_record_from_the_future_is_told_whoever_wrote_it(
    asked: EventStore,
) -> None:
    with connection.cursor() as db:
        ahead = "(extract(epoch FROM now()) + 3600) * 1000"
        db.execute(f"UPDATE eventstore_partition SET last_recorded_at = {ahead}")  # noqa: S608

    status, answer = ready()

    assert status == 200
    assert answer["clock"]["skew_s"] == pytest.approx(3600, abs=60)


def test_a_log_that_does_not_answer_is_not_ready(
    asked: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_folded: object) -> dict[Place, int]:
        reason = "broker-7.internal does not answer"
        raise LogUnanswered(reason)

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

    monkeypatch.setattr(health, "_known", silent)

    status, answer = ready()

    assert status == 503
    assert answer["database"] == "no answer"
    assert "hunter2" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("wrong", "id_"),
    [
        ({"LOG": "rabbit"}, "eventstore.E002"),
        ({"REGISTRY": ""}, "eventstore.E001"),
        ({"REGISTRY": "no.such.registry"}, "eventstore.E001"),
        ({"PARTITION": 3}, "eventstore.E001"),
        ({"PARTITIONS": 0}, "eventstore.E003"),
    ],
)
def test_wrong_settings_are_not_ready_and_nobody_else_is_asked(
    db: None, settings: Settings, wrong: dict[str, Any], id_: str
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, **wrong}

    status, answer = ready()

    assert status == 503
    assert answer["settings"] == id_
    assert answer["database"] == answer["log"] == "not asked"


def test_a_topic_that_is_not_as_it_must_be_is_not_ready_until_it_is_put_right(
    asked: EventStore,
) -> None:
    [topic] = asked.topics.numbers
    statement = "UPDATE eventstore_logtopic SET partitions = %s WHERE name = %s"
    with connection.cursor() as db:
        db.execute(statement, [2, topic])

    status, answer = ready()
    with connection.cursor() as db:
        db.execute(statement, [3, topic])

    assert status == 503
    assert answer["database"] == "ok"
    assert answer["log"] == "log-misconfigured"
    assert answer["lag"] is None
    assert topic not in json.dumps(answer)
    assert ready()[0] == 200


@pytest.mark.parametrize(
    "loss",
    [
        "UPDATE eventstore_logtail SET next_offset = next_offset - 1 WHERE next_offset > 0",
        'DELETE FROM eventstore_logrecord WHERE "offset" = 0',
    ],
)
def test_a_log_that_lost_something_is_not_ready_though_it_was(
    asked: EventStore, loss: str
) -> None:
    [topic] = asked.topics.numbers
    stream = f"{topic.removeprefix('eventstore.')}.o-1"
    for _ in range(2):
        event = NewEvent(OrderPlaced(customer_id="c-1"))
        asked.append(stream, [event], Expected.ANY)
    assert ready()[0] == 200

    with connection.cursor() as db:
        db.execute("ALTER TABLE eventstore_logrecord DISABLE TRIGGER USER")
        db.execute(loss)
        db.execute("ALTER TABLE eventstore_logrecord ENABLE TRIGGER USER")
    status, answer = ready()

    assert status == 503
    assert answer["log"] == "log-truncated"
    assert topic not in json.dumps(answer)


def test_a_topic_that_changes_while_the_process_runs_is_not_ready_within_a_minute(
    asked: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready()[0] == 200
    with connection.cursor() as db:
        db.execute("UPDATE eventstore_logtopic SET topic_id = gen_random_uuid()")

    monkeypatch.setattr(health, "_LOOK_AGAIN", 0.0)
    status, answer = ready()

    assert status == 503
    assert answer["log"] == "log-misconfigured"


def test_a_store_without_its_topics_is_not_ready(
    transactional_db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "REGISTRY": "tests.shops.order_gone",
        "AGGREGATES": [],
        "SUBSCRIPTIONS": [],
        "PROJECTIONS": [],
        "KEYS": "eventstore.testing.memory_keys.keys_of_this_process",
    }
    monkeypatch.setattr(health, "get_event_store", make_event_store)

    status, answer = ready()

    assert status == 503
    assert answer["log"] == "log-misconfigured"


def test_sound_topics_are_looked_at_once_a_minute(
    asked: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Telling(asked.make_log())
    monkeypatch.setattr(asked, "make_log", lambda: log)

    for _ in range(3):
        assert ready()[0] == 200

    beside = "topics"  # those of the snapshots
    assert log.asked == ["topics", "extents", beside, "extents", "extents"]


def test_a_broker_that_is_not_there_is_not_ready(
    transactional_db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "kafka",
        "KAFKA_BOOTSTRAP": [nobody],
    }
    store = make_event_store()
    monkeypatch.setattr(health, "get_event_store", lambda: store)

    status, answer = ready()

    assert status == 503
    assert answer["database"] == "ok"
    assert answer["log"] == "no answer"


def test_whoever_asks_while_the_log_is_silent_shares_one_question(
    asked: EventStore, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = stores("embedded")
    monkeypatch.setattr(health, "PATIENCE", 3 * A_HANG_S)
    log = Telling(asked.make_log())
    monkeypatch.setattr(asked, "make_log", lambda: log)
    log.answers.clear()

    with monkeypatch.context() as impatient:
        # with the log alone: the database of a busy machine has its time, or the log is not asked
        turns = {**dict.fromkeys(health._SHARES, A_HANG_S), "log": 0.02}
        impatient.setattr(Turns, "patience_of", lambda _, what: turns[what])
        silent = [ready() for _ in range(5)]
    log.answers.set()
    [topic] = writer.topics.numbers
    writer.append(
        f"{topic.removeprefix('eventstore.')}.o-1",
        [NewEvent(OrderPlaced(customer_id="c-1"))],
        Expected.ANY,
    )
    again = [ready() for _ in range(2)]

    assert [(s, a["log"]) for s, a in silent] == [(503, "no answer")] * 5
    assert [(s, a["log"]) for s, a in again] == [(200, "ok")] * 2
    # that of the five, which may have waited for the first of the two, and one or two of their own
    assert log.asked.count("extents") <= 3
    assert log.asked.count("topics") == 2  # the log's, and those beside it


class Telling:
    """A log that notes what it is asked, and can be told not to answer."""

    kind = "embedded"

    def __init__(self, log: Log) -> None:
        self._log = log
        self.asked: list[str] = []
        self.answers = Event()
        self.answers.set()

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """See the port."""
        self._note("topics")
        return self._log.topics(names)

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See the port."""
        self._note("extents")
        return self._log.extents(places)

    def close(self) -> None:
        """See the port."""
        self._log.close()

    def _note(self, what: str) -> None:
        self.asked.append(what)
        assert self.answers.wait(120)


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read(db: None, address: str) -> None:
    assert Client().post(address).status_code == 405


def test_metrics_name_what_the_store_counts(asked: EventStore) -> None:
    ready()
    # with several processes only what has been counted is told, and no other test may be needed for that
    metrics.VERDICTS.labels("accepted").inc(0)
    metrics.MALFORMED.labels("not_json").inc(0)
    metrics.FOLD_SECONDS.labels("flush").observe(0)
    metrics.APPEND_SECONDS.labels("accepted").observe(0)
    metrics.MIRROR_LAG.labels("eventstore.order", "0").set(0)

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


def test_metrics_of_another_containers_processes_add_up_too(
    db: None, tmp_path: Path, settings: Settings
) -> None:
    for amount, folder in (("2", tmp_path), ("5", tmp_path / "c0ffee")):
        folder.mkdir(exist_ok=True)
        subprocess.run(  # noqa: S603  (our own interpreter)
            [sys.executable, "-c", WORKER, amount, "lives"],
            check=True,
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},  # noqa: TID251  (a child's)
        )
    # as processes of two containers have it, the same number
    for file in tmp_path.rglob("*.db"):
        file.rename(file.with_name(f"{file.name.rpartition('_')[0]}_7.db"))
    settings.PROMETHEUS_MULTIPROC_DIR = str(tmp_path)

    lines = Client().get("/metrics").text.splitlines()

    assert 'eventstore_verdicts_total{verdict="accepted"} 7.0' in lines
    assert "eventstore_append_queue 7.0" in lines


def test_a_process_that_is_just_being_started_does_not_spoil_the_metrics(
    db: None, tmp_path: Path, settings: Settings
) -> None:
    subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", WORKER, "2", "lives"],
        check=True,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},  # noqa: TID251  (a child's)
    )
    # prometheus-client opens its file, and only then gives it a length
    (tmp_path / "histogram_1.db").touch()
    # and one that ended between the list of the files and the look at them
    (tmp_path / "counter_2.db").symlink_to(tmp_path / "gone")
    settings.PROMETHEUS_MULTIPROC_DIR = str(tmp_path)

    answer = Client().get("/metrics")

    assert answer.status_code == 200
    assert 'eventstore_verdicts_total{verdict="accepted"} 2.0' in answer.text

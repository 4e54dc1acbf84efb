"""`build_snapshots`, `mirror` and `create_topics` as users run them."""

from __future__ import annotations

import io
import json
import signal
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from eventstore.checks import check_log, check_settings
from eventstore.conf import registry
from eventstore.errors import LogMisconfigured
from eventstore.models import Snapshot as Row
from eventstore.snapshots import snapshot, stamp_of
from eventstore.snapshots.filling import make_filler
from eventstore.snapshots.topics import check, snapshot_topics
from teddy_es.domain.conversation import Conversation
from tests.plugins.kafka_logs import until
from tests.plugins.stores import WITHOUT_PRIVACY
from tests.support.processes import a_process
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def said(*command: str) -> str:
    """What a command says."""
    output = io.StringIO()
    call_command(*command, stdout=output)
    return output.getvalue()


def answered(*command: str) -> Any:
    """What it answers a program."""
    return json.loads(said(*command, "--json"))


def test_everything_that_is_due_is_built(world: World) -> None:
    stream = world.stream("a", 25)

    assert said("build_snapshots").startswith("2 snapshots from 20 events in ")
    assert world.versions(stream) == [10, 20]
    assert answered("build_snapshots")["snapshots"] == 0


def test_one_stream_is_built(world: World) -> None:
    stream, other = world.stream("a", 10), world.stream("b", 10)

    answer = answered("build_snapshots", "--stream", stream)

    assert (answer["snapshots"], answer["events"], answer["failing"]) == (1, 10, [])
    assert (world.versions(stream), world.versions(other)) == ([10], [])


def test_a_stream_that_cannot_be_read_makes_the_command_fail_and_is_named(
    world: World,
) -> None:
    stream, other = world.stream("a", 4), world.stream("b", 10)
    world.strange_event(stream)
    world.stream("a", 10)

    with pytest.raises(CommandError, match="1 streams get no snapshots"):
        said("build_snapshots")
    answer = answered("build_snapshots")

    assert world.versions(other) == [10]
    (failing,) = answer["failing"]
    assert (failing["stream"], failing["version"]) == (stream, 5)
    assert failing["code"] == "unreadable-event"


def test_a_stream_of_an_unknown_type_is_refused_in_a_line(world: World) -> None:
    with pytest.raises(CommandError, match="not a stream id"):
        said("build_snapshots", "--stream", "parcel.1")


def test_a_stream_that_is_not_there_is_said(world: World) -> None:
    with pytest.raises(CommandError, match="There is no stream"):
        said("build_snapshots", "--stream", f"{world.order.stream_type}.nowhere")


def test_without_its_topic_the_command_says_what_to_do(world: World) -> None:
    world.stream("a", 10)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_logtopic WHERE name LIKE 'snapshots.%'")

    with pytest.raises(CommandError, match=r"run `manage\.py create_topics`"):
        said("build_snapshots")


def test_where_no_class_has_snapshots_the_mirror_fills_none(
    world: World, settings: Settings
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "AGGREGATES": []}

    assert answered("mirror", "--once")["snapshots"] == 0
    make_filler(threading.Event()).run()  # ends by itself
    assert answered("build_snapshots")["snapshots"] == 0
    assert answered("build_snapshots", "--sample", "3")["looked_at"] == 0


def test_the_stamps_are_those_of_the_files_that_the_process_has_loaded() -> None:
    before = snapshot._made.cache_info().misses

    stamp_of(Conversation, registry())

    assert snapshot._made.cache_info().misses == before


def test_a_class_without_source_is_found_by_a_check(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = ModuleType("tests.compiled")
    compiled.__file__ = "/nowhere/compiled.pyc"
    monkeypatch.setitem(sys.modules, "tests.compiled", compiled)
    compiled.Order = type("Order", (world.order,), {"__module__": "tests.compiled"})  # type: ignore[attr-defined]
    assert check_settings() == []

    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "AGGREGATES": ["tests.compiled.Order"],
    }

    assert [error.id for error in check_settings()] == ["eventstore.E007"]


def test_a_sample_is_taken_and_drift_makes_the_command_fail(world: World) -> None:
    stream = world.stream("a", 20)
    said("build_snapshots")
    assert answered("build_snapshots", "--sample", "4")["looked_at"] == 4
    Row.objects.filter(version=10).update(state=b"{}")

    with pytest.raises(CommandError, match=f"{stream} at version 10"):
        said("build_snapshots", "--sample", "50")


def test_a_sample_of_none_is_refused(world: World) -> None:
    with pytest.raises(CommandError, match="above 0"):
        said("build_snapshots", "--sample", "0")


def test_a_table_that_was_lost_comes_back_by_again(world: World) -> None:
    stream = world.stream("a", 25)
    said("build_snapshots")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")
    assert answered("build_snapshots")["snapshots"] == 0

    assert answered("build_snapshots", "--again")["snapshots"] == 2
    assert world.versions(stream) == [10, 20]


def test_the_mirror_fills_what_only_the_topic_has_once(world: World) -> None:
    stream = world.stream("a", 20)
    said("build_snapshots")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")

    assert answered("mirror", "--once")["snapshots"] == 2
    assert world.versions(stream) == [10, 20]


def test_the_mirror_process_fills_for_as_long_as_it_runs_and_stops_at_once(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    said("build_snapshots")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")

    with a_process("command", name="mirror", arguments=[]) as process:
        until(lambda: world.versions(stream) == [10, 20])
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=120) == 0


def test_topics_of_snapshots_are_created_checked_and_created_once(
    world: World, settings: Settings
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_logtopic WHERE name LIKE 'snapshots.%'")
    log = world.store.make_log()
    with pytest.raises(LogMisconfigured, match="does not exist"):
        check(snapshot_topics(), log)
    assert [error.id for error in check_log()] == ["eventstore.E010"]

    (topic,) = snapshot_topics().numbers
    assert answered("create_topics")["created"] == [topic]
    assert answered("create_topics")["created"] == []
    assert check_log() == []

    settings.EVENTSTORE = {**settings.EVENTSTORE, "PARTITIONS": 4}
    with pytest.raises(LogMisconfigured, match="Delete it"):
        check(snapshot_topics(), log)
    log.close()


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"AGGREGATES": ["tests.shops.order_x"]}, "eventstore.E001"),
        ({"AGGREGATES": ["tests.shops.Order_other"]}, "eventstore.E001"),
        ({"AGGREGATES": ["tests.nowhere.Order"]}, "eventstore.E001"),
        ({"SNAPSHOT_FREQUENCY": 0}, "eventstore.E006"),
        ({"SNAPSHOT_FREQUENCY": -1}, "eventstore.E006"),
    ],
    ids=str,
)
def test_settings_of_snapshots_that_cannot_be_are_found_by_a_check(
    settings: Settings, wrong: dict[str, Any], found: str
) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        **WITHOUT_PRIVACY,
        "REGISTRY": "tests.shops.order_settings",
        "AGGREGATES": ["tests.shops.Order_settings"],
    }
    assert check_settings() == []

    settings.EVENTSTORE = {**settings.EVENTSTORE, **wrong}

    assert [error.id for error in check_settings()] == [found]

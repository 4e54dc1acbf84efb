"""A broker's clock an hour off: told at once, by appender and mirror, and counted by `verify`; nothing stops."""

from __future__ import annotations

import json
import threading
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.events import to_milliseconds
from eventstore.indexer.mirror import Mirror
from eventstore.ports import LogRecord
from tests.support.clocks import MovableClock
from tests.support.worlds import World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from eventstore.events import Place

HOUR = 3_600


def told(logs: Sequence[MutableMapping[str, Any]]) -> list[tuple[str, Any]]:
    """Place and skew of each line that tells of a clock."""
    lines = [line for line in logs if line.get("action") == "clock-skewed"]
    assert all(line["log_level"] == "warning" for line in lines)
    return [(line["place"], line["skew_s"]) for line in lines]


def gauge(place: Place) -> float:
    """What Prometheus is told."""
    return float(metrics.CLOCK_SKEW.labels(place.topic, place.partition)._value.get())


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_an_appender_tells_once_a_minute_and_goes_on(
    world: World, seconds: int
) -> None:
    clock, stream = MovableClock(), world.stream()
    here, place = world.store(clock=clock), world.place(stream)
    here.append(stream, [changed()], 0)
    assert gauge(place) == 0

    world.network.clock_off_ms = seconds * 1000
    with capture_logs() as logs:
        here.append(stream, [changed()], 1)
        here.append(stream, [changed()], 2)
    with capture_logs() as later:
        clock.ahead += 61
        here.append(stream, [changed()], 3)

    assert told(logs) == [(str(place), pytest.approx(seconds, abs=5))]
    assert len(told(later)) == 1
    assert versions(here, stream) == [1, 2, 3, 4]


def test_a_clock_that_is_right_again_is_no_more_to_be_seen(world: World) -> None:
    here, stream = world.store(), world.stream()
    world.network.clock_off_ms = HOUR * 1000
    here.append(stream, [changed()], 0)
    assert gauge(world.place(stream)) == pytest.approx(HOUR, abs=5)

    world.network.clock_off_ms = 0
    here.append(stream, [changed()], 1)

    assert gauge(world.place(stream)) == 0
    assert here.reporter.clocks.worst() == (world.place(stream), 0.0)


def test_a_mirror_tells_of_records_from_the_future_and_of_old_ones_nothing(
    world: World,
) -> None:
    writer, mirroring = world.store(), world.store()
    early, late = world.stream(0), world.stream(1)
    for stream, seconds in ((early, -HOUR), (late, HOUR)):
        world.network.clock_off_ms = seconds * 1000
        writer.append(stream, [changed()], 0)
        world.lose_folds(world.place(stream), 0)

    mirror = Mirror(mirroring.make_indexer, threading.Event())
    with capture_logs() as logs, mirroring.indexer() as indexer:
        mirror.round(indexer)

    assert told(logs) == [(str(world.place(late)), pytest.approx(HOUR, abs=5))]


def test_verify_counts_what_was_dated_in_the_future_and_what_behind_it_runs_back(
    world: World,
) -> None:
    stream = world.stream()
    ahead = to_milliseconds(MovableClock().now()) + HOUR * 1000
    first = LogRecord(0, ahead, stream.encode(), record(stream))
    world.log.restore(world.place(stream), [first])
    for n in (1, 2):
        world.store().append(stream, [changed()], n)

    said = StringIO()
    call_command("verify", "--json", stdout=said)
    call_command("verify", stdout=(plain := StringIO()))

    found = json.loads(said.getvalue())
    assert found["ok"]
    assert sum(p["ahead"] for p in found["partitions"]) == 1
    assert sum(p["redated"] for p in found["partitions"]) == 2
    assert "1 records that the log dates in the future." in plain.getvalue()
    assert "2 records that the log dates before the one" in plain.getvalue()

"""How far a log's clock is off: by what it answers, by what it holds, and when that is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.events import Place, to_milliseconds
from eventstore.indexer.clocks import LogClocks
from tests.support.clocks import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE, OTHER = Place("eventstore.skewed", 0), Place("eventstore.skewed", 1)


class WholeSeconds(StillClock):
    """Stands at a full second: a border is met exactly."""

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.ahead)


class Log:
    """Dates records by a clock of its own."""

    def __init__(self) -> None:
        self.clock = WholeSeconds()
        self.clocks = LogClocks(self.clock)

    def answers(self, off_s: float, place: Place = PLACE, took_s: float = 0.0) -> None:
        """A record is dated when it comes; the answer takes a while."""
        asked_at = self.clock.now()
        self.clock.ahead += took_s
        self.clocks.answered(place, self._dated(off_s), asked_at)

    def holds(self, off_s: float, place: Place = PLACE) -> None:
        """A record is read."""
        self.clocks.folded(place, self._dated(off_s))

    def _dated(self, off_s: float) -> int:
        return to_milliseconds(self.clock.now() + timedelta(seconds=off_s))


@pytest.fixture
def log() -> Log:
    return Log()


def lines(do: Callable[[], None]) -> list[float]:
    """What is told meanwhile: by how much."""
    with capture_logs() as logs:
        do()
    return [line["skew_s"] for line in logs]


@pytest.mark.parametrize(
    ("off_s", "took_s", "seen_s"),
    [(0, 3, 0), (-3, 3, 0), (-1.5, 3, 0), (1.26, 3, 1.3), (-4.24, 3, -1.2)],
)
def test_only_what_lies_outside_of_question_and_answer_is_off(
    log: Log, off_s: float, took_s: float, seen_s: float
) -> None:
    log.answers(off_s, took_s=took_s)

    assert log.clocks.worst() == (PLACE, seen_s)
    gauge = metrics.CLOCK_SKEW.labels(PLACE.topic, PLACE.partition)
    assert float(gauge._value.get()) == seen_s


def test_before_anything_was_seen_none_is_the_worst(log: Log) -> None:
    assert log.clocks.worst() is None


def test_the_worst_is_the_farthest_off_on_either_side(log: Log) -> None:
    log.answers(10)
    log.answers(-20, OTHER)

    assert log.clocks.worst() == (OTHER, -20)


@pytest.mark.parametrize("off_s", [-7_200, 0, 30, 60])
def test_a_record_that_is_old_or_a_little_ahead_says_nothing(
    log: Log, off_s: float
) -> None:
    assert lines(lambda: log.holds(off_s)) == []
    assert log.clocks.worst() is None


def test_a_record_from_the_future_is_told(log: Log) -> None:
    assert lines(lambda: log.holds(61)) == [61]


def test_a_clock_that_was_ahead_is_right_again_by_the_next_record(log: Log) -> None:
    log.answers(0.5)
    log.holds(-100)

    assert log.clocks.worst() == (PLACE, 0.0)


def test_a_clock_that_is_behind_is_not_right_by_an_old_record(log: Log) -> None:
    log.answers(-30)
    log.holds(-100)

    assert log.clocks.worst() == (PLACE, -30)


@pytest.mark.parametrize(("off_s", "told"), [(59, 0), (60, 1), (-59, 0), (-61, 1)])
def test_from_a_minute_on_it_is_told(log: Log, off_s: float, told: int) -> None:
    assert len(lines(lambda: log.answers(off_s))) == told


def test_it_is_told_once_a_minute_and_place(log: Log) -> None:
    def after(seconds: float, place: Place = PLACE) -> int:
        log.clock.ahead += seconds
        return len(lines(lambda: log.answers(100, place)))

    assert [after(0), after(59), after(0, OTHER), after(1), after(1)] == [1, 0, 1, 1, 0]

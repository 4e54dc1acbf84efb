"""The clock of a violation: what is left of its time is what a second, simpler reckoning by whole seconds says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teddy_es.domain.deadlines import Clock, Rule, Rules

if TYPE_CHECKING:
    from teddy_es.domain.violations import Severity

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = datetime(2026, 6, 1, tzinfo=UTC)
EARLY: dict[Severity, timedelta] = {
    "critical": timedelta(minutes=15),
    "high": timedelta(hours=1),
    "medium": timedelta(hours=8),
    "low": timedelta(hours=24),
}
LATER: dict[Severity, timedelta] = {**EARLY, "critical": timedelta(minutes=10)}
RULES = Rules([Rule(SECOND, LATER), Rule(FIRST, EARLY)])
SECONDS: dict[Severity, int] = {
    "critical": 900,
    "high": 3600,
    "medium": 28_800,
    "low": 86_400,
}

seconds = st.integers(-40_000_000, 40_000_000)
severities = st.sampled_from(sorted(SECONDS))


def at(second: int) -> datetime:
    return FIRST + timedelta(seconds=second)


@given(severities, seconds, seconds, seconds)
def test_what_is_left_is_what_a_reckoning_by_seconds_says(
    severity: Severity, occurred: int, recorded: int, now: int
) -> None:
    clock = RULES.clock(severity, at(occurred), at(recorded))

    limit = SECONDS[severity]
    if severity == "critical" and at(recorded) >= SECOND:
        limit = 600
    known = occurred >= 0 and recorded >= 0
    left = min(occurred, recorded) + limit - now
    expected = timedelta(seconds=left) if known else None
    assert clock.left(at(now)) == expected
    assert clock.was_late(at(now)) == (left < 0 if known else None)


@given(severities, seconds, st.integers(0, 40_000_000), seconds)
def test_a_level_is_due_when_its_share_of_the_time_is_over(
    severity: Severity, occurred: int, recorded: int, now: int
) -> None:
    clock = RULES.clock(severity, at(occurred), at(recorded))

    assert clock.period is not None
    limit = clock.period.total_seconds()
    began = min(occurred, recorded) if occurred >= 0 else recorded
    over = [n for n in (50, 100, 150) if (now - began) * 100 >= limit * n]
    assert clock.levels_due(at(now)) == [f"overdue_{n}" for n in over]


def test_the_next_level_is_the_first_that_was_not_raised() -> None:
    clock = Clock(FIRST, FIRST, timedelta(hours=1))

    assert clock.next_after([]) == FIRST + timedelta(minutes=30)
    assert clock.next_after(["overdue_100", "manual"]) == FIRST + timedelta(minutes=30)
    assert clock.next_after(["overdue_50", "overdue_100"]) == FIRST + timedelta(
        minutes=90
    )
    assert clock.next_after(["overdue_50", "overdue_100", "overdue_150"]) is None


def test_what_is_recorded_late_is_late_and_a_clock_that_is_ahead_wins_nothing() -> None:
    hour = timedelta(hours=1)

    late = RULES.clock("critical", FIRST, FIRST + hour)
    ahead = RULES.clock("critical", FIRST + hour, FIRST)

    assert late.left(FIRST + hour) == -timedelta(minutes=45)
    assert ahead.left(FIRST) == timedelta(minutes=15)


@pytest.mark.parametrize("year", [1, 1970, 2025])
def test_a_clock_that_nobody_had_set_says_unknown_and_is_watched_all_the_same(
    year: int,
) -> None:
    clock = RULES.clock("critical", datetime(year, 1, 1, tzinfo=UTC), SECOND)

    assert (clock.due, clock.left(SECOND), clock.was_late(SECOND)) == (None, None, None)
    assert clock.levels_due(SECOND + timedelta(minutes=10)) == [
        "overdue_50",
        "overdue_100",
    ]


def test_a_case_of_before_the_first_rule_has_no_time_to_be_over() -> None:
    clock = RULES.clock("low", FIRST, FIRST - timedelta(seconds=1))

    assert (clock.due, clock.next_after([])) == (None, None)
    assert clock.levels_due(SECOND) == []


def test_a_reopened_case_begins_anew_under_the_rule_of_its_detection() -> None:
    detected = RULES.clock("critical", FIRST, FIRST)

    again = RULES.started(detected.period, SECOND, SECOND)

    assert again.due == SECOND + timedelta(minutes=15)

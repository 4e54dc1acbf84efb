"""A violation's row stands where the aggregate's own rule leaves it, whatever the events and their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.people.models import State
from audit.people.violations import _change, _detected, clock_of
from eventstore.bus import Published
from eventstore.events import Position
from teddy_es.domain.child import Child
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
THIS: dict[str, Any] = {"violation_id": st.just("v-1")}

severities = st.sampled_from(["low", "medium", "high", "critical"])
officers = st.sampled_from(["ada", "bo"])
said = st.one_of(
    st.builds(
        SafetyViolationDetected,
        category=st.just("other"),
        severity=severities,
        detector=st.just("d"),
        **THIS,
    ),
    st.builds(SafetyViolationAcknowledged, officer=officers, **THIS),
    st.builds(SafetyViolationClaimed, officer=officers, **THIS),
    st.builds(SafetyViolationReleased, officer=officers, **THIS),
    st.builds(SafetyViolationReopened, officer=officers, **THIS),
    st.builds(
        SafetyViolationEscalated,
        level=st.sampled_from(["overdue_50", "manual"]),
        **THIS,
    ),
    st.builds(
        SafetyViolationResolved,
        officer=officers,
        outcome=st.sampled_from(["confirmed", "false_positive"]),
        **THIS,
    ),
)


def published(event: Any, n: int) -> Published:
    at = NOON + timedelta(seconds=n)
    position = Position("eventstore.child", 0, n)
    return Published(
        event, UUID(int=n), "child.c-1", n + 1, position, at, occurred_at=at
    )


def detected(severity: Any) -> SafetyViolationDetected:
    return SafetyViolationDetected(
        violation_id="v-1", category="other", severity=severity, detector="d"
    )


@given(severities, st.lists(said, max_size=12))
def test_a_row_is_where_the_aggregate_is(severity: Any, events: Sequence[Any]) -> None:
    first = detected(severity)
    row, child = _detected(published(first, 0), first), Child("c-1")
    child.apply(first)
    for n, event in enumerate(events, 1):
        _change(row, published(event, n))
        child.apply(event)

    state = child.state.violations["v-1"]
    assert row.severity == state.severity
    assert (row.state == State.RESOLVED) == state.is_resolved
    if not state.is_resolved:
        assert (row.state == State.ACKNOWLEDGED) == state.is_acknowledged
    assert row.claimed_by == state.claimed_by
    assert row.levels == state.levels
    assert (
        (row.decided_at is not None)
        == (row.outcome is not None)
        == (row.state == State.RESOLVED)
    )
    assert (row.claimed_at is not None) == (row.claimed_by is not None)


DONE: dict[str, Any] = {"violation_id": "v-1", "officer": "ada"}


def row_of(*events: Any) -> Any:
    """The row that these leave, a second behind each other."""
    row = _detected(published(events[0], 0), events[0])
    for n, event in enumerate(events[1:], 1):
        _change(row, published(event, n))
    return row


@pytest.mark.parametrize(
    ("first", "again", "minutes"),
    [
        ("critical", "low", 15),
        ("critical", "critical", 15),
        ("high", "critical", 15),
        ("low", "high", 60),
    ],
)
def test_a_second_detection_takes_nothing_back(
    first: Any, again: Any, minutes: int
) -> None:
    row = row_of(
        detected(first),
        SafetyViolationAcknowledged(**DONE),
        SafetyViolationClaimed(**DONE),
        SafetyViolationEscalated(violation_id="v-1", level="overdue_50"),
        detected(again),
    )

    is_graver = first != again and first != "critical"
    assert row.severity == (again if is_graver else first)
    assert (row.state, row.claimed_by) == (State.ACKNOWLEDGED, "ada")
    assert row.levels == ["overdue_50"]
    assert row.detected_at == NOON
    began = NOON + timedelta(seconds=4 if is_graver else 0)
    assert clock_of(row).due == began + timedelta(minutes=minutes)


def test_a_decided_one_stays_decided_and_is_judged_by_the_graver_when_reopened() -> (
    None
):
    decided = SafetyViolationResolved(**DONE, outcome="confirmed")
    events = [detected("low"), decided, detected("critical")]
    closed = row_of(*events)
    reopened = row_of(*events, SafetyViolationReopened(**DONE))

    assert (closed.state, closed.decided_by) == (State.RESOLVED, "ada")
    assert clock_of(closed).due == NOON + timedelta(days=1)
    assert reopened.severity == "critical"
    assert clock_of(reopened).due == NOON + timedelta(seconds=3, minutes=15)


def test_a_case_that_was_late_stays_so_whoever_detects_it_again() -> None:
    decided = published(SafetyViolationResolved(**DONE, outcome="confirmed"), 3_600)
    row = row_of(detected("critical"))
    _change(row, decided)
    _change(row, published(SafetyViolationReopened(**DONE), 3_601))
    _change(row, published(detected("low"), 3_602))

    assert row.was_late
    assert row.severity == "critical"


def test_a_known_beginning_is_not_lost_to_one_that_nobody_can_say() -> None:
    again = msgspec.structs.replace(
        published(detected("critical"), 5),
        occurred_at=datetime(1970, 1, 1, tzinfo=UTC),
    )
    row = row_of(detected("low"))
    _change(row, again)

    assert clock_of(row).due == NOON + timedelta(seconds=5, minutes=15)

"""A violation's row stands where the aggregate's own rule leaves it, whatever the events and their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from audit.people.models import State
from audit.people.violations import _change, _detected
from eventstore.bus import Published
from eventstore.events import Position
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
    Violation,
    follow,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
THIS: dict[str, Any] = {"violation_id": st.just("v-1")}

officers = st.sampled_from(["ada", "bo"])
said = st.one_of(
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


@given(st.lists(said, max_size=12))
def test_a_row_is_where_the_aggregate_is(events: Sequence[Any]) -> None:
    detected = SafetyViolationDetected(
        violation_id="v-1", category="other", severity="high", detector="d"
    )
    row, state = _detected(published(detected, 0), detected), Violation("high")
    for n, event in enumerate(events, 1):
        _change(row, published(event, n))
        follow(state, event)

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

"""The clock of every violation, as its row has it, is what a second and simpler model says of the same events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.people.models import Violation
from audit.people.violations import clock_of
from eventstore.clock import SystemClock
from eventstore.store import get_event_store
from teddy_es.domain.violations import (
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReopened,
    SafetyViolationResolved,
)
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families

MINUTES = {"critical": 15, "high": 60, "medium": 480, "low": 1440}
FIRST = datetime(2018, 1, 1, tzinfo=UTC)
examples = count()

steps = st.lists(
    st.tuples(
        st.sampled_from(["detected", "escalated", "resolved", "reopened", "handled"]),
        st.sampled_from(sorted(MINUTES)),
        st.integers(-4_000, 60),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


ABOUT: dict[str, Any] = {"violation_id": "v-1"}
DONE: dict[str, Any] = {**ABOUT, "officer": "ada"}


def event_of(step: str, severity: Any) -> Any:
    """None: the read model handles what there is."""
    if step == "detected":
        return SafetyViolationDetected(
            **ABOUT, category="other", severity=severity, detector="d"
        )
    return {
        "escalated": SafetyViolationEscalated(**ABOUT, level="overdue_50"),
        "resolved": SafetyViolationResolved(**DONE, outcome="confirmed"),
        "reopened": SafetyViolationReopened(**DONE),
        "handled": None,
    }[step]


@dataclass
class Told:
    """What the model knows: the time from which it counts, by seconds; None: nobody can say."""

    began: float | None
    recorded: float
    minutes: int
    gravest: int
    is_open: bool = False
    late_before: bool = False
    decided: float | None = None

    def detected_again(
        self, began: float | None, recorded: float, minutes: int
    ) -> None:
        """Only ever graver, and while it is open, earlier."""
        self.gravest = min(self.gravest, minutes)
        ends = (self.began or self.recorded) + self.minutes * 60
        if self.is_open and (began or recorded) + minutes * 60 < ends:
            is_known = self.began is not None
            self.began = began or (recorded if is_known else None)
            self.minutes = minutes


def judged(events: list[Any]) -> Told | None:
    told: Told | None = None
    for event in events:
        occurred = event.metadata.timestamp.timestamp()
        recorded = event.recorded_at.timestamp()
        began = min(occurred, recorded) if occurred >= FIRST.timestamp() else None
        match event.metadata.event_type:
            case "SafetyViolationDetected" if told:
                told.detected_again(began, recorded, MINUTES[event.data["severity"]])
            case "SafetyViolationDetected":
                minutes = MINUTES[event.data["severity"]]
                told = Told(began, recorded, minutes, minutes, is_open=True)
            case "SafetyViolationResolved" if told:
                told.is_open, told.decided = False, recorded
            case "SafetyViolationReopened" if told:
                told.late_before |= was_late(told)
                told.began, told.is_open, told.decided = began, True, None
                told.recorded, told.minutes = recorded, told.gravest
    return told


def was_late(told: Told) -> bool:
    if told.decided is None or told.began is None:
        return False
    return told.decided > told.began + told.minutes * 60


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps)
def test_a_clock_is_what_the_events_say(families: Families, happened: Any) -> None:
    child = f"c-{next(examples)}"
    now = SystemClock().now().replace(microsecond=0)
    for step, severity, offset, is_unset in happened:
        at = FIRST - timedelta(days=1) if is_unset else now + timedelta(minutes=offset)
        event = event_of(step, severity)
        if event is None:
            handle("violations")
        else:
            families.happens(f"child.{child}", event, occurred_at=at)
    handle("violations")

    told = judged([*get_event_store().read(f"child.{child}")])
    row = Violation.objects.filter(child_id=child).first()
    assert (row is None) == (told is None)
    if row is None or told is None:
        return
    due = None if told.began is None else told.began + told.minutes * 60
    assert (row.due_at and row.due_at.timestamp()) == due
    assert row.was_late == told.late_before
    assert (row.next_level_at is not None) <= told.is_open
    assert clock_of(row).due == row.due_at

"""Violations, and where each stands: the same as `teddy_es.domain.violations.follow` makes of the events, with who and when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from audit.conf import rules
from audit.people.models import BEGINNING_OF_TIME, State, Violation, ViolationStep
from audit.people.writing import occurred, own_id, place, put
from eventstore.conf import registry
from eventstore.projections import Projection
from teddy_es.domain.approval import approval_of, object_of
from teddy_es.domain.deadlines import Clock
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationDecisionRefused,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
    graver,
    is_the_clocks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published
    from teddy_es.domain.violations import Severity

Key = tuple[str, str]
ABOUT: Final = (
    SafetyViolationDetected,
    SafetyViolationAcknowledged,
    SafetyViolationEscalated,
    SafetyViolationClaimed,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
    SafetyViolationDecisionProposed,
    SafetyViolationDecisionRefused,
)


class Violations(Projection):
    """A row for each violation that was detected, and one for each step of it. An event about one that never was is a fact, too, and makes no row.

    Its clock is that of the rules in the settings: an entry whose day has come is never edited, or rows that are made anew differ.
    """

    name = "violations"
    models = (Violation, ViolationStep)
    types = ABOUT

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        rows = _rows({_key(event) for event in events})
        steps: list[ViolationStep] = []
        for event in events:
            if row := rows.get(_key(event)):
                _change(row, event)
            elif isinstance(event.event, SafetyViolationDetected):
                rows[_key(event)] = _detected(event, event.event)
            if row := rows.get(_key(event)):
                _keep_up(row, event)
                steps.append(_step(event))
        put(Violation, rows.values())
        put(ViolationStep, steps)


def _key(event: Published) -> Key:
    violation_id: str = event.event.violation_id  # type: ignore[attr-defined]
    return own_id(event), violation_id


def _rows(keys: set[Key]) -> dict[Key, Violation]:
    found = Violation.objects.filter(pk__in=list(keys))
    return {(row.child_id, row.violation_id): row for row in found}


def _detected(event: Published, detected: SafetyViolationDetected) -> Violation:
    clock = rules().clock(detected.severity, occurred(event), event.recorded_at)
    return Violation(
        began_at=clock.began,
        period_s=None if clock.period is None else int(clock.period.total_seconds()),
        child_id=own_id(event),
        violation_id=detected.violation_id,
        category=detected.category,
        severity=detected.severity,
        detector=detected.detector,
        conversation_id=detected.conversation_id,
        message_id=detected.message_id,
        state=State.DETECTED,
        detected_at=event.recorded_at,
        detected_occurred_at=occurred(event),
        detected_position=place(event),
    )


def _change(row: Violation, event: Published) -> None:
    if isinstance(event.event, SafetyViolationDetected):
        _detect_again(row, event, event.event)
    else:
        _act(row, event)


def _act(row: Violation, event: Published) -> None:
    at, position = event.recorded_at, place(event)
    match event.event:
        case SafetyViolationAcknowledged() as seen:
            row.acknowledged_by = seen.officer
            row.acknowledged_at, row.acknowledged_position = at, position
            if row.state == State.DETECTED:
                row.state = State.ACKNOWLEDGED
        case SafetyViolationEscalated() as escalated:
            row.levels = [*row.levels, escalated.level]
        case SafetyViolationClaimed() as claimed:
            row.claimed_by = claimed.officer
            row.claimed_at, row.claimed_position = at, position
        case SafetyViolationReleased():
            row.claimed_by = row.claimed_at = row.claimed_position = None
        case SafetyViolationResolved() as resolved:
            _decide(row, resolved)
            row.decided_at, row.decided_position = at, position
        case SafetyViolationReopened():
            _reopen(row, event)
            row.reopened_at, row.reopened_position = at, position


def _detect_again(
    row: Violation, event: Published, detected: SafetyViolationDetected
) -> None:
    """As in the aggregate: it can become graver, and so be due earlier. What was done about it stands; the clock of a decided one, too."""
    row.severity = graver(cast("Severity", row.severity), detected.severity)
    again = rules().clock(detected.severity, occurred(event), event.recorded_at)
    if row.state == State.RESOLVED or again.period is None:
        return
    before, now = (one.raised_at("overdue_100") for one in (clock_of(row), again))
    if before is None or (now is not None and now < before):
        row.period_s = int(again.period.total_seconds())
        # A known beginning is not lost to one that nobody can say.
        row.began_at = again.began or (row.began_at and event.recorded_at)


def _decide(row: Violation, resolved: SafetyViolationResolved) -> None:
    row.state = State.RESOLVED
    row.decided_by = resolved.officer
    row.outcome, row.clause = resolved.outcome, resolved.clause
    row.claimed_by = row.claimed_at = row.claimed_position = None


def _reopen(row: Violation, event: Published) -> None:
    """From the beginning: what was acknowledged and decided before is history, which the events tell, but for that it was late."""
    if row.decided_at is not None and clock_of(row).was_late(row.decided_at):
        row.was_late = True
    period = _shorter(row)
    row.period_s = None if period is None else int(period.total_seconds())
    row.began_at = rules().started(period, occurred(event), event.recorded_at).began
    row.state = State.DETECTED
    row.levels = []
    row.acknowledged_by = row.acknowledged_at = row.acknowledged_position = None
    row.decided_by = row.decided_at = row.decided_position = None
    row.outcome = row.clause = None


def _shorter(row: Violation) -> timedelta | None:
    """The period that it had, or what its severity had at its detection: it may have become graver when it was closed."""
    severity = cast("Severity", row.severity)
    periods = clock_of(row).period, rules().period(severity, row.detected_at)
    return min((one for one in periods if one is not None), default=None)


def clock_of(row: Violation) -> Clock:
    """Its clock, since it was detected or reopened."""
    period = None if row.period_s is None else timedelta(seconds=row.period_s)
    return Clock(row.reopened_at or row.detected_at, row.began_at, period)


def _keep_up(row: Violation, event: Published) -> None:
    """What follows from every event alike."""
    row.version = event.version
    if not is_the_clocks(event.event):
        row.act_version = event.version
        is_proposal = isinstance(event.event, SafetyViolationDecisionProposed)
        row.proposal_version = event.version if is_proposal else None
        if is_proposal:
            row.approval_id = approval_of(
                "close_violation", object_of(row.child_id, row.violation_id)
            )
    clock = clock_of(row)
    row.due_at = clock.due
    row.queue_at = clock.due or BEGINNING_OF_TIME
    is_open = row.state != State.RESOLVED
    row.next_level_at = clock.next_after(row.levels) if is_open else None


def _step(event: Published) -> ViolationStep:
    said: Any = event.event
    return ViolationStep(
        child_id=own_id(event),
        version=event.version,
        violation_id=said.violation_id,
        name=registry().type_of(event.event).name,
        by=getattr(said, "officer", None),
        said=getattr(said, "level", None) or getattr(said, "outcome", None),
        clause=getattr(said, "clause", None),
        recorded_at=event.recorded_at,
        occurred_at=occurred(event),
        position=place(event),
    )

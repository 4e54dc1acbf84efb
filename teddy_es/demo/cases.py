"""Safety violations of every severity, in every state: how each came to be what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from teddy_es.demo.scribe import Told
from teddy_es.domain.violations import (
    Outcome,
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from eventstore.registry import Event
    from teddy_es.demo.staff import Staff
    from teddy_es.domain.violations import Category

Ending = Literal[
    "new",
    "seen",
    "claimed",
    "given_back",
    "raised",
    "waiting",
    "confirmed",
    "false_positive",
    "cannot_decide",
    "reopened",
]
CLOCKS: Final[dict[Severity, timedelta]] = {
    "critical": timedelta(minutes=15),
    "high": timedelta(hours=1),
    "medium": timedelta(hours=8),
    "low": timedelta(hours=24),
}
"""Until when a violation should be decided: how long the demo's cases have waited is told in these."""

FOUR_EYES: Final = ("critical", "high")
PROPOSED: Final = 0.7
"""Of the time that a case waited: when a second person was asked."""
_OPEN: Final[tuple[Ending, ...]] = ("new", "seen", "claimed", "given_back", "raised")
_WAITED: Final = (0.2, 1.3, 0.7, 1.8)
_TOOK: Final = (0.4, 0.8, 0.6, 1.4)
_DAYS: Final = (3, 9, 17, 29)
_NOTES: Final[dict[str, str]] = {
    "confirmed": "Read ten turns around it. The parent was told by telephone.",
    "false_positive": "Said in play, about a story. Nothing to do.",
    "cannot_decide": "The recording breaks off. Asked the parent, no answer yet.",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is to become of a violation. waited: from detection to the present, or to its decision where it has one. days: since it was detected, of one that was decided."""

    number: int
    severity: Severity
    ending: Ending
    waited: timedelta
    days: int = 0

    def officer(self, staff: Staff) -> str:
        """Whose it is."""
        return staff.officer if self.number % 3 else staff.responder

    @property
    def is_open(self) -> bool:
        """Whether its clock runs."""
        return self.days == 0

    @property
    def takes_two(self) -> bool:
        """Whether a second person was asked."""
        wants = self.ending == "waiting" or not self.is_open
        return wants and self.severity in FOUR_EYES

    def detected_at(self, now: datetime) -> datetime:
        """When it was found."""
        return now - (timedelta(days=self.days) if self.days else self.waited)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, where. cause: the message's event; thread: what its conversation's events belong to."""

    violation_id: str
    category: Category
    conversation_id: str
    excerpt: str
    cause: UUID
    thread: UUID


def cases() -> list[Case]:
    """All of them: each ending of each severity, those that wait for a second person where one is needed."""
    made: list[Case] = []
    for nth, (ending, severity) in enumerate(product(_OPEN, CLOCKS)):
        waited = CLOCKS[severity] * _WAITED[(nth + nth // 4) % 4]
        made.append(Case(len(made), severity, ending, waited))
    for severity in FOUR_EYES:
        made.append(Case(len(made), severity, "waiting", CLOCKS[severity] * 0.6))
    endings: tuple[Ending, ...] = (*get_args(Outcome), *get_args(Outcome), "reopened")
    for nth, (ending, severity) in enumerate(product(endings, CLOCKS)):
        took = CLOCKS[severity] * _TOOK[(nth + nth // 4) % 4]
        made.append(Case(len(made), severity, ending, took, _DAYS[nth % 4]))
    return made


def told(
    case: Case, found: Found, detected: UUID, now: datetime, staff: Staff
) -> Iterator[Told]:
    """Its events in the child's stream. detected: the id of the first of them."""
    began = case.detected_at(now)
    first = SafetyViolationDetected(
        violation_id=found.violation_id,
        category=found.category,
        severity=case.severity,
        detector="keywords/7",
        rule=f"keywords/7/{found.category}",
        conversation_id=found.conversation_id,
        message_id=str(found.cause),
        excerpt=found.excerpt,
    )
    label = label_of(case)
    who = {"violation_id": found.violation_id, "officer": case.officer(staff)}
    yield Told(first, began, f"{label}/0", found.cause, found.thread)
    for nth, (share, event) in enumerate(_then(case, who), 1):
        at = began + case.waited * share
        is_proposal = isinstance(event, SafetyViolationDecisionProposed)
        own = proposal_of(case) if is_proposal else f"{label}/{nth}"
        yield Told(event, at, own, detected, found.thread)


def label_of(case: Case) -> str:
    """What tells its events from those of others, in any stream."""
    return f"case/{case.number}"


def proposal_of(case: Case) -> str:
    """The label of the event by which a second person is asked."""
    return f"{label_of(case)}/proposed"


def _then(case: Case, who: dict[str, Any]) -> Iterator[tuple[float, Event]]:
    """What was done about it, and after which share of the time that it waited."""
    if case.ending == "new":
        return
    yield 0.3, SafetyViolationAcknowledged(**who)
    if case.ending == "seen":
        return
    yield 0.35, SafetyViolationClaimed(**who)
    if case.ending == "given_back":
        yield 0.6, SafetyViolationReleased(**who)
    elif case.ending == "raised":
        reason = "The parent has called twice; the device is still in use."
        yield (
            0.8,
            SafetyViolationEscalated(
                violation_id=who["violation_id"], level="manual", reason=reason
            ),
        )
    if case.takes_two:
        yield (
            PROPOSED,
            SafetyViolationDecisionProposed(**who, **decision_of(case)),
        )
    if not case.is_open:
        yield from _decided(case, who)


def _decided(case: Case, who: dict[str, Any]) -> Iterator[tuple[float, Event]]:
    decision = decision_of(case)
    yield 1.0, SafetyViolationResolved(**who, **decision)
    if case.ending == "reopened":
        note = "The child said it again, in other words."
        yield 1.5, SafetyViolationReopened(**who, note=note)


def decision_of(case: Case) -> dict[str, Any]:
    """Outcome, clause, note: as it was decided, or as somebody would decide it."""
    known = get_args(Outcome)
    outcome = case.ending if case.ending in known else "false_positive"
    clause = "policy/4.2" if outcome == "confirmed" else None
    return {"outcome": outcome, "clause": clause, "note": _NOTES[outcome]}

"""What happens to a child, and what was found and decided about its safety. Stream: `child.{id}`.

The aggregate at the end has the rules. Whatever endangers a child can always be recorded: a detection asks for nothing
but a new id.
"""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from eventstore.aggregates import Aggregate
from eventstore.registry import SENSITIVE, Event
from teddy_es.domain.errors import (
    ApprovalByRequester,
    ChildAlreadyRegistered,
    ChildNotRegistered,
    ViolationAlreadyAcknowledged,
    ViolationAlreadyDetected,
    ViolationAlreadyEscalated,
    ViolationClaimed,
    ViolationNotAcknowledged,
    ViolationNotClaimed,
    ViolationNotProposed,
    ViolationNotResolved,
    ViolationResolved,
    ViolationUnknown,
)
from teddy_es.domain.fields import Code, Id, Name
from teddy_es.domain.violations import (
    Category,
    Level,
    Outcome,
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationDecisionRefused,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
    Severity,
    Violation,
    follow,
)

Changes = Annotated[
    dict[Code, Annotated[str, msgspec.Meta(max_length=1_000)] | None],
    SENSITIVE,
    msgspec.Meta(min_length=1, max_length=100),
]
"""Field → new value; None where it was taken away."""


class ChildRegistered(Event, frozen=True, kw_only=True):
    """A parent registered the child."""

    parent_id: Id
    name: Name
    birth_date: Annotated[datetime.date, SENSITIVE] | None = None
    language: Code | None = None


class ChildProfileUpdated(Event, frozen=True, kw_only=True):
    """Something that is known of the child changed."""

    changes: Changes


class ChildState(msgspec.Struct):
    """What the rules of a child need: nothing that was said, and no name."""

    parent_id: str | None = None
    violations: dict[str, Violation] = {}


class Child(Aggregate[ChildState]):
    """A child and the violations that were found about it."""

    stream_type = "child"
    state_type = ChildState
    state_schema = 2

    # ---- the child

    def register(
        self,
        parent_id: str,
        name: str,
        *,
        birth_date: datetime.date | None = None,
        language: str | None = None,
    ) -> None:
        """A parent registers it. Raises `ChildAlreadyRegistered`."""
        if self.state.parent_id is not None:
            raise ChildAlreadyRegistered
        self.record(
            ChildRegistered(
                parent_id=parent_id, name=name, birth_date=birth_date, language=language
            )
        )

    def update_profile(self, changes: dict[str, str | None]) -> None:
        """Field → new value, None to take it away. Raises `ChildNotRegistered`."""
        if self.state.parent_id is None:
            raise ChildNotRegistered
        self.record(ChildProfileUpdated(changes=changes))

    # ---- violations

    def detect(
        self,
        violation_id: str,
        category: Category,
        severity: Severity,
        *,
        detector: str,
        rule: str | None = None,
        conversation_id: str | None = None,
        message_id: str | None = None,
        excerpt: str | None = None,
    ) -> None:
        """A detector found something. Raises `ViolationAlreadyDetected`; asks for nothing else, not even a registration."""
        if violation_id in self.state.violations:
            raise ViolationAlreadyDetected
        self.record(
            SafetyViolationDetected(
                violation_id=violation_id,
                category=category,
                severity=severity,
                detector=detector,
                rule=rule,
                conversation_id=conversation_id,
                message_id=message_id,
                excerpt=excerpt,
            )
        )

    def acknowledge(
        self, violation_id: str, officer: str, *, note: str | None = None
    ) -> None:
        """An officer has seen it. Raises `ViolationUnknown`, `ViolationResolved`, `ViolationAlreadyAcknowledged`."""
        if self._open(violation_id).is_acknowledged:
            raise ViolationAlreadyAcknowledged
        self.record(
            SafetyViolationAcknowledged(
                violation_id=violation_id, officer=officer, note=note
            )
        )

    def claim(self, violation_id: str, officer: str) -> None:
        """An officer works on it. Raises `ViolationUnknown`, `ViolationResolved`, `ViolationClaimed`, by the same officer too."""
        if self._open(violation_id).claimed_by is not None:
            raise ViolationClaimed
        self.record(SafetyViolationClaimed(violation_id=violation_id, officer=officer))

    def release(self, violation_id: str, officer: str) -> None:
        """Who claimed it lets go. Raises `ViolationUnknown`, `ViolationResolved`, `ViolationNotClaimed` by this officer."""
        if self._open(violation_id).claimed_by != officer:
            raise ViolationNotClaimed
        self.record(SafetyViolationReleased(violation_id=violation_id, officer=officer))

    def escalate(
        self, violation_id: str, level: Level, *, reason: str | None = None
    ) -> None:
        """It waited too long, once a level, or somebody asks for more attention, as often as they like.

        Raises `ViolationUnknown`, `ViolationResolved`, `ViolationAlreadyEscalated`.
        """
        if level != "manual" and level in self._open(violation_id).levels:
            raise ViolationAlreadyEscalated
        self._open(violation_id)
        self.record(
            SafetyViolationEscalated(
                violation_id=violation_id, level=level, reason=reason
            )
        )

    def resolve(
        self,
        violation_id: str,
        officer: str,
        outcome: Outcome,
        *,
        clause: str | None = None,
        note: str | None = None,
    ) -> None:
        """An officer decides what it was: one who claimed it, or any if nobody has.

        Raises `ViolationUnknown`, `ViolationResolved`, `ViolationNotAcknowledged`, `ViolationClaimed` by another.
        """
        self._refuse_to_decide(violation_id, officer)
        self.record(
            SafetyViolationResolved(
                violation_id=violation_id,
                officer=officer,
                outcome=outcome,
                clause=clause,
                note=note,
            )
        )

    def propose(
        self,
        violation_id: str,
        officer: str,
        outcome: Outcome,
        *,
        clause: str | None = None,
        note: str | None = None,
    ) -> None:
        """An officer would decide it so, and a second person is asked. Raises as `resolve`."""
        self._refuse_to_decide(violation_id, officer)
        self.record(
            SafetyViolationDecisionProposed(
                violation_id=violation_id,
                officer=officer,
                outcome=outcome,
                clause=clause,
                note=note,
            )
        )

    def disagree(self, violation_id: str, officer: str, *, note: str) -> None:
        """A second person does not agree with what was proposed. Raises `ViolationUnknown`, `ViolationResolved`, `ViolationNotProposed`, `ApprovalByRequester`."""
        proposed_by = self._open(violation_id).proposed_by
        if proposed_by is None:
            raise ViolationNotProposed
        if proposed_by == officer:
            raise ApprovalByRequester
        self.record(
            SafetyViolationDecisionRefused(
                violation_id=violation_id, officer=officer, note=note
            )
        )

    def reopen(
        self, violation_id: str, officer: str, *, note: str | None = None
    ) -> None:
        """It is looked at again, from the beginning. Raises `ViolationUnknown`, `ViolationNotResolved`."""
        if not self._known(violation_id).is_resolved:
            raise ViolationNotResolved
        self.record(
            SafetyViolationReopened(
                violation_id=violation_id, officer=officer, note=note
            )
        )

    # ---- evolving

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`. An event about a violation that was never detected is a fact, too, and changes nothing here."""
        match event:
            case ChildRegistered():
                self.state.parent_id = event.parent_id
            case SafetyViolationDetected() if (
                event.violation_id not in self.state.violations
            ):
                self.state.violations[event.violation_id] = Violation(event.severity)
            case (
                SafetyViolationDetected()
                | SafetyViolationAcknowledged()
                | SafetyViolationClaimed()
                | SafetyViolationReleased()
                | SafetyViolationEscalated()
                | SafetyViolationResolved()
                | SafetyViolationReopened()
                | SafetyViolationDecisionProposed()
                | SafetyViolationDecisionRefused()
            ):
                violation = self.state.violations.get(event.violation_id)
                if violation is not None:
                    follow(violation, event)

    def _refuse_to_decide(self, violation_id: str, officer: str) -> None:
        violation = self._open(violation_id)
        if not violation.is_acknowledged:
            raise ViolationNotAcknowledged
        if violation.claimed_by not in (None, officer):
            raise ViolationClaimed

    def _known(self, violation_id: str) -> Violation:
        if violation_id not in self.state.violations:
            raise ViolationUnknown
        return self.state.violations[violation_id]

    def _open(self, violation_id: str) -> Violation:
        violation = self._known(violation_id)
        if violation.is_resolved:
            raise ViolationResolved
        return violation

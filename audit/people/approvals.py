"""What waits for a second person, and what became of it: a row for each thing that was ever asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.people.models import Approval
from audit.people.writing import own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.approval import (
    ApprovalCarriedOut,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    ApprovalWithdrawn,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published


class Approvals(Projection):
    """The newest request of each stream. An answer to what nobody asked is a fact, too, and makes no row."""

    name = "approvals"
    models = (Approval,)
    types = (
        ApprovalRequested,
        ApprovalDecided,
        ApprovalExpired,
        ApprovalWithdrawn,
        ApprovalCarriedOut,
    )

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        rows = Approval.objects.in_bulk({own_id(event) for event in events})
        for event in events:
            if isinstance(event.event, ApprovalRequested):
                before = rows.get(own_id(event))
                answers = before.answers if before else []
                rows[own_id(event)] = _requested(event, event.event, answers)
            elif row := rows.get(own_id(event)):
                _change(row, event)
        put(Approval, rows.values())


def _requested(
    event: Published, asked: ApprovalRequested, answers: list[dict[str, Any]]
) -> Approval:
    """The answers to earlier requests stay: who agreed to what was closed before is asked of this row, too."""
    return Approval(
        approval_id=own_id(event),
        version=event.version,
        request_version=event.version,
        kind=asked.kind,
        object=asked.object,
        object_version=asked.version,
        requested_by=asked.requested_by,
        requested_at=event.recorded_at,
        requested_position=place(event),
        expires_at=asked.expires_at,
        state=Approval.State.WAITING,
        answers=answers,
        changed_at=event.recorded_at,
    )


def _change(row: Approval, event: Published) -> None:
    row.version, row.changed_at = event.version, event.recorded_at
    match event.event:
        case ApprovalDecided() as decided:
            row.state = Approval.State(decided.decision)
            row.decided_by, row.decided_at = decided.decided_by, event.recorded_at
            row.answers = [*row.answers, _answer(row, event, decided)]
        case ApprovalExpired():
            row.state = Approval.State.EXPIRED
        case ApprovalWithdrawn():
            row.state = Approval.State.WITHDRAWN
        case ApprovalCarriedOut() as carried:
            row.state = Approval.State(carried.result)


def _answer(
    row: Approval, event: Published, decided: ApprovalDecided
) -> dict[str, Any]:
    """about: the version of the object that it answers for. version: of the answer, in the stream of the requests."""
    return {
        "about": row.object_version,
        "decision": decided.decision,
        "by": decided.decided_by,
        "version": event.version,
        "at": event.recorded_at.isoformat(),
        "position": place(event),
    }

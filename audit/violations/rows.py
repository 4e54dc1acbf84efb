"""A violation's row, as the queue and its own page read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from audit.cases import Stands
from teddy_es.domain.deadlines import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

COLUMNS: Final = """
SELECT child_id, violation_id, category, severity, detector, conversation_id, message_id, state, levels,
       detected_at, detected_occurred_at, acknowledged_at, acknowledged_by, claimed_at, claimed_by,
       decided_at, decided_by, outcome, clause, reopened_at, act_version, began_at, period_s, due_at, queue_at,
       was_late, proposal_version, (SELECT a.state FROM people_approval a
         WHERE a.approval_id = people_violation.approval_id AND a.object_version = people_violation.proposal_version),
       (SELECT a.decided_by FROM people_approval a WHERE a.approval_id = people_violation.approval_id
           AND a.state IN ('approved', 'done') AND people_violation.state = 'resolved')
  FROM people_violation"""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A violation, as `audit.people.models.Violation` has it. asked: how the request stands that was made for its proposal.
    agreed_by: where it is closed by two persons, the second."""

    child_id: str
    violation_id: str
    category: str
    severity: str
    detector: str
    conversation_id: str | None
    message_id: str | None
    state: str
    levels: Sequence[str]
    detected_at: datetime
    detected_occurred_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    claimed_at: datetime | None
    claimed_by: str | None
    decided_at: datetime | None
    decided_by: str | None
    outcome: str | None
    clause: str | None
    reopened_at: datetime | None
    act_version: int
    began_at: datetime | None
    period_s: int | None
    due_at: datetime | None
    queue_at: datetime
    was_late: bool
    proposal_version: int | None
    asked: str | None
    agreed_by: str | None

    @property
    def clock(self) -> Clock:
        """Since it was detected, or reopened."""
        period = None if self.period_s is None else timedelta(seconds=self.period_s)
        return Clock(self.reopened_at or self.detected_at, self.began_at, period)

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state != "resolved"

    @property
    def stands(self) -> Stands:
        """Where it stands."""
        return Stands(
            is_open=self.is_open,
            is_proposed=self.proposal_version is not None,
            claimed_by=self.claimed_by,
            is_seen=self.acknowledged_at is not None,
            is_reopened=self.reopened_at is not None,
            levels=self.levels,
        )

    @property
    def waits_for_second(self) -> bool:
        """Whether its decision is proposed and somebody else is asked."""
        return self.proposal_version is not None and self.asked == "waiting"

"""What is asked about violations: the queue by the end of each one's time, which does not move as time goes by; one case.

What nobody knows the end of comes first: its `queue_at` is the beginning of time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from audit.approvals.answers import answers_in
from audit.violations.rows import COLUMNS
from audit.violations.rows import QueueRow as QueueRow  # is asked for here
from eventstore.database.composing import composed
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted
from eventstore.queries.unhandled import unhandled_since
from teddy_es.domain.approval import approval_of, object_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.access import Viewer
    from audit.approvals.answers import Answer

FOLLOWED: Final = {
    "violations": "eventstore.child",
    "approvals": "eventstore.approval",
}

# Indexes: people_violation_open, and _severity, _category, _detector, _claimed, _proposed by what it is narrowed by.
_OPEN: Final = Listing(
    COLUMNS,
    {"queue_at": datetime, "child_id": str, "violation_id": str},
    QueueRow,
    lambda row: (row.queue_at, row.child_id, row.violation_id),
)
# By what the queue is narrowed by its index comes first, and the condition is no equality: of an equality the planner may think that its
# rows are as frequent among the open ones as among all, and read through the open ones until it has fifty, if there are fifty.
_NARROWED: Final[Mapping[str, Listing[QueueRow]]] = {
    name: Listing(
        COLUMNS,
        {name: str, "queue_at": datetime, "child_id": str, "violation_id": str},
        QueueRow,
        attrgetter(name, "queue_at", "child_id", "violation_id"),
    )
    for name in ("claimed_by", "detector", "severity", "category")
}
# Indexes: people_violation_closed, and people_closed_severity, _category, _detector by what it is narrowed by, read backwards.
_CLOSED: Final = Listing(
    COLUMNS,
    {"decided_at": datetime, "child_id": str, "violation_id": str},
    QueueRow,
    lambda row: (row.decided_at, row.child_id, row.violation_id),
    falls=True,
)
_CLOSED_NARROWED: Final[Mapping[str, Listing[QueueRow]]] = {
    name: Listing(
        COLUMNS,
        {name: str, "decided_at": datetime, "child_id": str, "violation_id": str},
        QueueRow,
        attrgetter(name, "decided_at", "child_id", "violation_id"),
        falls=True,
    )
    for name in ("detector", "severity", "category")
}
_IS_OPEN: Final = "NOT (state = 'resolved')"
_IS_CLOSED: Final = "state = 'resolved'"


@dataclass(frozen=True, slots=True)
class Among:
    """What the queue is narrowed by. tab: `open`, `mine`, `second` or `closed`; claimed: `me` or `nobody`; by: who `me` is."""

    by: str
    now: datetime
    tab: str = "open"
    severity: str | None = None
    category: str | None = None
    detector: str | None = None
    claimed: str | None = None
    overdue: bool = False
    since: datetime | None = None
    until: datetime | None = None

    @property
    def narrowest(self) -> str | None:
        """The column that says most; None where none does."""
        wanted = {
            "claimed_by": self.tab != "closed"
            and (self.tab == "mine" or self.claimed == "me"),
            "detector": self.detector,
            "severity": self.severity,
            "category": self.category,
        }
        if self.tab == "second":
            return None
        return next((name for name, is_wanted in wanted.items() if is_wanted), None)

    def conditions(self) -> list[str]:
        """Of the statement; constants all of them."""
        wanted = {
            _IS_CLOSED if self.tab == "closed" else _IS_OPEN: True,
            "claimed_by >= %(by)s AND claimed_by <= %(by)s": self.tab == "mine"
            or self.claimed == "me",
            "proposal_version IS NOT NULL": self.tab == "second",
            "severity >= %(severity)s AND severity <= %(severity)s": self.severity,
            "category >= %(category)s AND category <= %(category)s": self.category,
            "detector >= %(detector)s AND detector <= %(detector)s": self.detector,
            "claimed_by IS NULL": self.claimed == "nobody",
            "queue_at < %(now)s": self.overdue and self.tab != "closed",
            "(was_late OR due_at < decided_at)": self.overdue and self.tab == "closed",
            "detected_at >= %(since)s": self.since,
            "detected_at < %(until)s": self.until,
        }
        return [condition for condition, is_wanted in wanted.items() if is_wanted]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Of all conditions."""
        return {
            "by": self.by,
            "severity": self.severity,
            "category": self.category,
            "detector": self.detector,
            "now": self.now,
            "since": self.since,
            "until": self.until,
        }


def queue(wanted: Wanted, among: Among) -> Page[QueueRow]:
    """What is open by the end of its time, what is closed by its decision, the newest first. Raises `BadCursor`."""
    is_closed = among.tab == "closed"
    listing = _CLOSED if is_closed else _OPEN
    if among.narrowest is not None:
        listing = (_CLOSED_NARROWED if is_closed else _NARROWED)[among.narrowest]
    return listing.page(wanted, unchecked_rows, among.conditions(), among.parameters)


def queue_heads(viewer: Viewer, limit: int) -> Sequence[QueueRow]:
    """What somebody must look at first."""
    return queue(Wanted(size=limit), Among("", viewer.now)).rows


def behind_since() -> datetime | None:
    """What the log took since this instant may not be in the queue yet, nor what was asked of a second person; None if nothing waits.

    Ask behind what is shown.
    """
    return unhandled_since(FOLLOWED)


# ---- one case --------------------------------------------------------------------------------------------------------

# One statement, for a page may ask eight. Indexes: the keys, people_violationstep_of. Of the steps the newest come first, so that
# the bound leaves out the oldest.
_CASE: Final = composed(
    """
SELECT v.*, a.version, a.state, a.requested_by, a.requested_at, a.expires_at, a.object_version, a.answers::text,
       s.version, s.name, s."by", s.said, s.clause, s.recorded_at, s.occurred_at, s.position
  FROM ({violations} WHERE child_id = %(child)s AND violation_id = %(violation)s) v
  LEFT JOIN people_approval a ON a.approval_id = %(approval)s
  LEFT JOIN LATERAL (
       SELECT * FROM people_violationstep WHERE child_id = %(child)s AND violation_id = %(violation)s
        ORDER BY version DESC LIMIT %(most)s) s ON true
 ORDER BY s.version
""",
    violations=COLUMNS,
)
MOST_STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """See `audit.people.models.ViolationStep`."""

    version: int
    name: str
    by: str | None
    said: str | None
    clause: str | None
    recorded_at: datetime
    occurred_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Request:
    """See `audit.people.models.Approval`."""

    version: int
    state: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    object_version: int | None
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Known:
    """One violation: its row; everything about it, the oldest first, or of very much the newest; the newest request for a second person."""

    row: QueueRow
    steps: Sequence[Step]
    request: Request | None


def case(child_id: str, violation_id: str, *, most: int = MOST_STEPS) -> Known | None:
    """None if no such violation was ever found."""
    object_ = object_of(child_id, violation_id)
    rows = unchecked_rows(
        _CASE,
        {
            "child": child_id,
            "violation": violation_id,
            "approval": approval_of("close_violation", object_),
            "most": most,
        },
    )
    if not rows:
        return None
    parts = [(row[:_WIDE], row[_WIDE:-_STEP], row[-_STEP:]) for row in rows]
    first, asked, _ = parts[0]
    return Known(
        QueueRow(*first),
        [Step(*step) for _, _, step in parts if step[0] is not None],
        _request(asked) if asked[0] is not None else None,
    )


def _request(row: Sequence[Any]) -> Request:
    known: tuple[Any, ...] = (*row[:-1], answers_in(row[-1]))
    return Request(*known)


_WIDE: Final = len(fields(QueueRow))
_STEP: Final = len(fields(Step))

"""What waits for a second person, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted

# Index: people_approval_waiting; of each case that is to be closed its key. A child's id has no slash, a violation's may have some.
_WAITING: Final = Listing(
    """
SELECT approval_id, version, kind, "object", object_version, requested_by, requested_at, expires_at,
       (SELECT json_build_object('severity', v.severity, 'due_at', v.due_at, 'period_s', v.period_s)::text FROM people_violation v
         WHERE people_approval.kind = 'close_violation'
           AND v.child_id = split_part(substr(people_approval."object", 7), '/', 1)
           AND v.violation_id = substr(people_approval."object", strpos(people_approval."object", '/') + 1))
  FROM people_approval""",
    {"requested_at": datetime, "approval_id": str},
    lambda *row: _row(row),
    lambda row: (row.requested_at, row.approval_id),
)


class Urgency(msgspec.Struct, frozen=True):
    """How grave the case is, and when its own time is over: the clock goes on while the request waits."""

    severity: str
    due_at: datetime | None
    period_s: int | None


_URGENCY: Final = msgspec.json.Decoder(Urgency)


def _urgency(text: str | None) -> Urgency | None:
    return None if text is None else _URGENCY.decode(text)


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """See `audit.people.models.Approval`. urgency: of the violation that is to be closed; None for another thing, or for one that is not known yet."""

    approval_id: str
    version: int
    kind: str
    object: str
    object_version: int | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    urgency: Urgency | None

    @property
    def subject(self) -> str | None:
        """Whose data it is about: the id of the child, where its object is something of a child's stream."""
        kind, _, rest = self.object.partition(".")
        return rest.partition("/")[0] if kind in {"child", "parent"} else None


def _row(row: tuple[Any, ...]) -> WaitingRow:
    known: tuple[Any, ...] = (*row[:-1], _urgency(row[-1]))
    return WaitingRow(*known)


def waiting(wanted: Wanted) -> Page[Any]:
    """Raises `BadCursor`."""
    return _WAITING.page(wanted, unchecked_rows, ["state = 'waiting'"])

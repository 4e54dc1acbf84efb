"""What waits for a second person, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted

# Index: people_approval_waiting.
_WAITING: Final = Listing(
    """
SELECT approval_id, version, kind, "object", object_version, requested_by, requested_at, expires_at
  FROM people_approval""",
    {"requested_at": datetime, "approval_id": str},
    lambda *row: WaitingRow(*row),
    lambda row: (row.requested_at, row.approval_id),
)


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """See `audit.people.models.Approval`."""

    approval_id: str
    version: int
    kind: str
    object: str
    object_version: int | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime

    @property
    def subject(self) -> str | None:
        """Whose data it is about: the id of the child, where its object is something of a child's stream."""
        kind, _, rest = self.object.partition(".")
        return rest.partition("/")[0] if kind in {"child", "parent"} else None


def waiting(wanted: Wanted) -> Page[Any]:
    """Raises `BadCursor`."""
    return _WAITING.page(wanted, unchecked_rows, ["state = 'waiting'"])

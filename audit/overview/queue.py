"""The heads of the queue of safety violations, and how many are open: what Today shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PERIODS: Final[Mapping[str, timedelta]] = {
    "critical": timedelta(minutes=15),
    "high": timedelta(hours=1),
    "medium": timedelta(hours=8),
    "low": timedelta(hours=24),
}
HEADS: Final = 7
MOST: Final = 1_000
"""Up to so many of a severity are counted."""


@dataclass(frozen=True, slots=True)
class Head:
    """A violation that waits. period: from its detection to a decision."""

    child_id: str
    violation_id: str
    category: str
    severity: str
    state: str
    claimed_by: str | None
    detected_at: datetime
    period: timedelta

    @property
    def due_at(self) -> datetime:
        """When it must be decided."""
        return self.detected_at + self.period


@dataclass(frozen=True, slots=True)
class Queue:
    """open: how many of each severity, up to `most` and one more."""

    open: Mapping[str, int]
    heads: Sequence[Head]
    most: int

    @property
    def count(self) -> str:
        """In all; 1,000+ where a severity has more than are counted."""
        whole = sum(min(n, self.most) for n in self.open.values())
        more = "+" if any(n > self.most for n in self.open.values()) else ""
        return f"{whole:,}{more}"


def queue(*, heads: int = HEADS, most: int = MOST) -> Queue:
    """Those with the least time left, whichever their severity."""
    rows = unchecked_rows(
        _HEADS, {"severities": list(PERIODS), "heads": heads, "most": most + 1}
    )
    found = [
        Head(child, violation, category, severity, state, by, at, PERIODS[severity])
        for severity, _, child, violation, category, state, by, at in rows
        if child is not None
    ]
    found.sort(key=lambda head: (head.due_at, head.child_id, head.violation_id))
    return Queue({row[0]: row[1] for row in rows}, found[:heads], most)


# Index: people_violation_open (severity, detected_at, …), from its beginning for each severity.
_HEADS: Final = """
SELECT wanted.severity, counted.n, head.*
  FROM unnest(%(severities)s::text[]) wanted(severity)
 CROSS JOIN LATERAL (
       SELECT cardinality(ARRAY(
              SELECT 1 FROM people_violation v WHERE v.severity = wanted.severity AND v.state <> 'resolved'
               LIMIT %(most)s)) AS n) counted
  LEFT JOIN LATERAL (
       SELECT child_id, violation_id, category, state, claimed_by, detected_at
         FROM people_violation v WHERE v.severity = wanted.severity AND v.state <> 'resolved'
        ORDER BY detected_at, child_id, violation_id LIMIT %(heads)s) head ON true
"""

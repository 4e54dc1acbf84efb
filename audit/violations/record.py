"""A month's record: of what was found then, how much was decided in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# Index: people_violation_month, alone.
_RECORD: Final = """
SELECT severity, count(*),
       count(*) FILTER (WHERE state = 'resolved' AND NOT was_late AND decided_at <= due_at),
       count(*) FILTER (WHERE was_late OR (state = 'resolved' AND decided_at > due_at)
                           OR (NOT (state = 'resolved') AND due_at < %(now)s)),
       count(*) FILTER (WHERE NOT (state = 'resolved') AND NOT was_late AND due_at >= %(now)s),
       count(*) FILTER (WHERE due_at IS NULL AND NOT was_late)
  FROM people_violation WHERE detected_at >= %(since)s AND detected_at < %(until)s GROUP BY severity
"""


@dataclass(frozen=True, slots=True)
class Record:
    """Of one severity and month: each of `detected` is one of the others. late: also what is open beyond its time, or was closed too late before it was reopened."""

    severity: str
    detected: int = 0
    in_time: int = 0
    late: int = 0
    open: int = 0
    unknown: int = 0


def record(since: datetime, until: datetime, now: datetime) -> Mapping[str, Record]:
    """By severity, of what the log took between these."""
    rows = unchecked_rows(_RECORD, {"since": since, "until": until, "now": now})
    return {row[0]: Record(*row) for row in rows}

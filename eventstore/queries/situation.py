"""How things stand, in one query, for what stands over every page: the mirror's cut, the last verification, who is behind, what has stopped.

True of an incomplete index, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.database.composing import composed
from eventstore.events import from_milliseconds
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.stops import STOPPED, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """records, cut: folded records, and a digest of how many of which partition: two pages with the same cut rest on the same log.

    verify_outcome, verified_at: of the last run of `verify`, None before the first. behind, behind_by: the subscription with most
    records to go. parked: a subscription that has set a stream aside, None if none has; its checkpoint may stand at the end.
    """

    records: int
    cut: str
    last_recorded_at: datetime | None
    verify_outcome: str | None
    verified_at: datetime | None
    behind: str | None
    behind_by: int
    parked: str | None
    stopped: Sequence[Stopped]


def situation() -> Situation:
    """Now."""
    rows = unchecked_rows(_SITUATION, {})
    records, cut, last, outcome, verified_at, behind, behind_by, parked = rows[0][:_OWN]
    return Situation(
        records,
        cut[:_DIGITS],
        from_milliseconds(last) if last else None,
        outcome,
        verified_at,
        behind,
        behind_by,
        parked,
        [Stopped(*row[_OWN:]) for row in rows if row[_OWN] is not None],
    )


_OWN: Final = 8  # columns of the situation itself; behind them stand those of a partition that has stopped
_DIGITS: Final = 8
# Some dozen to some hundred rows of partitions and checkpoints; of runs one, by the index eventstore_jobrun_job; of parked streams one, by
# their key.
_SITUATION: Final = composed(
    """
WITH mirror AS (
     SELECT coalesce(sum("cursor"), 0)::bigint AS records, max(last_recorded_at) AS last,
            encode(sha256(convert_to(coalesce(string_agg(id || ':' || "cursor", ',' ORDER BY id), ''), 'UTF8')), 'hex') AS cut
       FROM eventstore_partition
), verified AS (
     SELECT outcome, coalesce(ended, due) AS at FROM eventstore_jobrun
      WHERE job = 'verify' AND outcome <> 'running' ORDER BY due DESC, id DESC LIMIT 1
), behind AS (
     SELECT c.subscription AS name, sum(greatest(p."cursor" - c."cursor", 0))::bigint AS lag
       FROM eventstore_checkpoint c JOIN eventstore_partition p ON p.id = c.partition_id
      GROUP BY c.subscription ORDER BY lag DESC, c.subscription LIMIT 1
), stopped AS ({stopped})
SELECT mirror.records, mirror.cut, mirror.last, verified.outcome, verified.at, behind.name, coalesce(behind.lag, 0),
       (SELECT min(subscription) FROM eventstore_parkedstream), stopped.*
  FROM mirror LEFT JOIN verified ON true LEFT JOIN behind ON true LEFT JOIN stopped ON true
""",
    stopped=STOPPED,
)

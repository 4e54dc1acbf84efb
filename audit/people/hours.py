"""How much happened in each hour, by kinds of facts: nothing of anybody, and so for everybody's pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from audit.people.models import HourCount
from audit.people.writing import occurred
from eventstore.events import Position
from eventstore.projections import Projection
from eventstore.protocol.positions import partition_in
from eventstore.queries.connection import unchecked_cursor, unchecked_rows
from eventstore.queries.positions import packed_of
from teddy_es.domain.access import DataAccessed
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationStarted,
    MessageScreened,
    TeddyReplied,
)
from teddy_es.domain.violations import SafetyViolationDetected

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from eventstore.bus import Published

Step = Literal["hour", "day"]

CONVERSATION, MESSAGE, SCREENED, LOOK = "conversation", "message", "screened", "look"
VIOLATIONS: Final = {
    severity: f"violation_{severity}"
    for severity in ("critical", "high", "medium", "low")
}
KINDS: Final = (CONVERSATION, MESSAGE, SCREENED, LOOK, *VIOLATIONS.values())

# A row for each partition that counts: whoever handles one waits for nobody who handles another. Index: the key.
_ADD: Final = """
INSERT INTO people_hourcount (hour, kind, partition_id, count)
SELECT hour, kind, partition_id, count
  FROM json_to_recordset(%(rows)s::json) AS one (hour timestamptz, kind text, partition_id integer, count integer)
    ON CONFLICT (hour, kind, partition_id) DO UPDATE SET count = people_hourcount.count + EXCLUDED.count
"""
# Index: the key, from the first hour to the last.
_COUNTS: Final = """
SELECT date_trunc(%(step)s, hour, 'UTC'), kind, sum(count)::bigint
  FROM people_hourcount
 WHERE hour >= %(first)s AND hour < %(behind)s AND kind = ANY(%(kinds)s)
 GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Count:
    """So many of a kind in the hour, or the day, that begins at `start` (UTC)."""

    start: datetime
    kind: str
    count: int


class Hours(Projection):
    """Counts by when something happened, as its writer said."""

    name = "hours"
    models = (HourCount,)
    types = (
        ConversationStarted,
        ChildSpoke,
        TeddyReplied,
        MessageScreened,
        SafetyViolationDetected,
        DataAccessed,
    )

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        counted = Counter(
            (_hour(one), kind_of(one.event), one.position.topic, one.position.partition)
            for one in events
        )
        # in one order, so that of two who count the same neither waits for the other in turn
        rows = [
            {
                "hour": hour,
                "kind": kind,
                "partition_id": _id(topic, number),
                "count": count,
            }
            for (hour, kind, topic, number), count in sorted(counted.items())
        ]
        with unchecked_cursor() as cursor:
            cursor.execute(_ADD, {"rows": msgspec.json.encode(rows).decode()})


def kind_of(event: Any) -> str:
    """As what it is counted. Raises TypeError for what is not."""
    match event:
        case ConversationStarted():
            return CONVERSATION
        case ChildSpoke() | TeddyReplied():
            return MESSAGE
        case MessageScreened():
            return SCREENED
        case DataAccessed():
            return LOOK
        case SafetyViolationDetected():
            return VIOLATIONS[event.severity]
    msg = f"{type(event).__name__} is not counted"
    raise TypeError(msg)


def _hour(event: Published) -> datetime:
    return occurred(event).replace(minute=0, second=0, microsecond=0)


def _id(topic: str, partition: int) -> int:
    return partition_in(packed_of(Position(topic, partition, 0)))


def counts(
    first: datetime,
    behind: datetime,
    *,
    kinds: Collection[str] = KINDS,
    step: Step = "hour",
) -> Sequence[Count]:
    """Of the hours from first (whole, UTC) to before behind, by hour or by day of UTC, those that are not zero."""
    given = {"first": first, "behind": behind, "kinds": list(kinds), "step": step}
    return [Count(*row) for row in unchecked_rows(_COUNTS, given)]

"""What stands round an event in its correlation, before it and after it, and what it caused: bounded, and it says where it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.database.composing import composed
from eventstore.indexer.columns import EVENT, listed
from eventstore.queries.browse import EventRow
from eventstore.queries.connection import read_rows
from eventstore.queries.positions import packed_of, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 40
"""Of each: those before it, those behind it, and what it caused."""


@dataclass(frozen=True, slots=True)
class Related:
    """events: by when they were recorded, the event itself among them. The others: whether there are more than are here."""

    events: Sequence[EventRow]
    has_earlier: bool
    has_later: bool
    has_more_caused: bool


def related(row: EventRow, *, most: int = MOST) -> Related:
    """One query. An event without a correlation stands with what it caused alone."""
    found: dict[str, list[EventRow]] = {"caused": [], "earlier": [], "later": []}
    given = {
        "event_id": row.event_id,
        "correlation_id": row.correlation_id,
        "recorded_at": row.recorded_at,
        "position": packed_of(row.position),
        "most": most + 1,
    }
    for leg, position, *rest in read_rows(_RELATED, given):
        found[leg].append(EventRow(position_of(position), *rest))
    events = {one.position: one for leg in found.values() for one in leg[:most]}
    events[row.position] = row
    return Related(
        sorted(events.values(), key=lambda one: (one.recorded_at, one.position)),
        has_earlier=len(found["earlier"]) > most,
        has_later=len(found["later"]) > most,
        has_more_caused=len(found["caused"]) > most,
    )


# Indexes: eventstore_event_causation, and eventstore_event_correlation from the event on both ways.
_RELATED: Final = composed(
    """
(SELECT 'caused', {columns} FROM eventstore_event WHERE causation_id = %(event_id)s
  ORDER BY recorded_at, position LIMIT %(most)s)
UNION ALL
(SELECT 'earlier', {columns} FROM eventstore_event
  WHERE correlation_id = %(correlation_id)s AND (recorded_at, position) < (%(recorded_at)s, %(position)s)
  ORDER BY recorded_at DESC, position DESC LIMIT %(most)s)
UNION ALL
(SELECT 'later', {columns} FROM eventstore_event
  WHERE correlation_id = %(correlation_id)s AND (recorded_at, position) > (%(recorded_at)s, %(position)s)
  ORDER BY recorded_at, position LIMIT %(most)s)
""",
    columns=listed(EVENT),
)

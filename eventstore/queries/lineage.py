"""What the log says of keys, asked by the ids of the commits that tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.indexer.columns import ACCEPTED, ACCEPTED_RECORD, DECIDING, listed
from eventstore.queries.connection import read_rows
from eventstore.queries.rows import recorded_events

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from eventstore.events import RecordedEvent

# Index: eventstore_record_commit. Ids that are asked for are many, the records of each are one: by its own look-up.
_TOLD: Final = composed(
    """
SELECT {columns} FROM unnest(%(ids)s::uuid[]) asked(id)
 CROSS JOIN LATERAL (
       SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') AS value FROM eventstore_record
        WHERE commit_id = asked.id AND verdict IN {deciding} AND verdict = {accepted} AND stream_id LIKE %(streams)s
        ORDER BY recorded_at, position LIMIT 1 OFFSET 0) told
""",
    columns=listed(ACCEPTED_RECORD),
    deciding=DECIDING,
    accepted=ACCEPTED,
)

# Index: eventstore_event_correlation.
_STREAMS: Final = """
SELECT stream_id FROM eventstore_event
 WHERE correlation_id = %(correlation)s AND event_type = %(type)s GROUP BY stream_id ORDER BY stream_id
"""


def streams_of(correlation_id: UUID, event_type: str) -> list[str]:
    """The streams that have an event of a type under a correlation id."""
    given = {"correlation": correlation_id, "type": event_type}
    return [stream_id for (stream_id,) in read_rows(_STREAMS, given)]


def told(commit_ids: Collection[UUID], stream_type: str) -> list[RecordedEvent]:
    """The events of these commits in streams of a type; of one that stands in several streams, the first's."""
    like = stream_type.replace("_", r"\_") + ".%"
    parameters: dict[str, Any] = {"ids": list(commit_ids), "streams": like}
    rows = read_rows(_TOLD, parameters)
    return [event for events in recorded_events(rows) for event in events]

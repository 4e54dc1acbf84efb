"""Streams in a list, and one stream's events by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.columns import cells
from audit.columns.table import Column, Table
from audit.events.columns import CORRELATION, EVENT, OCCURRED, VERSION

if TYPE_CHECKING:
    from eventstore.events import StreamInfo
    from eventstore.queries.browse import EventRow

STREAMS: Final[Table[StreamInfo]] = Table(
    "Streams, latest first event first",
    (
        Column(
            "Stream",
            cells.link(
                lambda row: row.stream_id,
                lambda row: reverse("admin:stream", args=[row.stream_id]),
                css="mono",
                is_main=True,
            ),
            heads_row=True,
        ),
        Column("Version", cells.number(lambda row: row.version), is_number=True),
        Column(
            "First recorded",
            cells.both(lambda row: row.first_recorded_at),
            falls=True,
        ),
        Column("Last recorded", cells.both(lambda row: row.last_recorded_at)),
    ),
)


def of_stream(stream_id: str) -> Table[EventRow]:
    """The events of one."""
    return Table(
        f"Events of {stream_id} by version",
        (
            VERSION,
            EVENT,
            OCCURRED,
            Column("Recorded", cells.both(lambda row: row.recorded_at)),
            CORRELATION,
            Column("Position", cells.mono(lambda row: row.position)),
        ),
    )

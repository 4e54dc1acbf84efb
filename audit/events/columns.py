"""Events in lists: the columns of those of any stream, and the cells that a stream's own list shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.html import format_html

from audit.addresses import event_address
from audit.columns import cells
from audit.columns.table import Column, Table
from audit.formats import short

if TYPE_CHECKING:
    from audit.access import Viewer
    from eventstore.queries.browse import EventRow


def correlation(row: EventRow, _viewer: Viewer) -> str:
    """Leads to all events of it."""
    if not row.correlation_id:
        return format_html('<span class="quiet">{}</span>', "none")
    return cells.linked(
        short(row.correlation_id),
        f"{reverse('admin:events')}?correlation_id={row.correlation_id}",
        css="mono",
        aria_label=f"Events of correlation {row.correlation_id}",
    )


VERSION: Final[Column[EventRow]] = Column(
    "Version", cells.number(lambda row: row.version), is_number=True
)
EVENT: Final[Column[EventRow]] = Column(
    "Event",
    cells.link(
        lambda row: row.event_type,
        lambda row: event_address(row.position),
        is_main=True,
    ),
    heads_row=True,
)
OCCURRED: Final[Column[EventRow]] = Column(
    "Occurred", cells.both(lambda row: row.occurred_at)
)
CORRELATION: Final[Column[EventRow]] = Column("Correlation", correlation)

EVENTS: Final[Table[EventRow]] = Table(
    "Events, latest recorded first",
    (
        Column("Recorded", cells.both(lambda row: row.recorded_at), falls=True),
        EVENT,
        Column(
            "Stream",
            cells.link(
                lambda row: row.stream_id,
                lambda row: reverse("admin:stream", args=[row.stream_id]),
                css="mono",
            ),
        ),
        VERSION,
        OCCURRED,
        CORRELATION,
    ),
)

"""The topics of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.html import format_html

from audit.columns import cells
from audit.columns.table import Column, Table
from audit.formats import utc_cell

if TYPE_CHECKING:
    from audit.access import Viewer
    from eventstore.queries.overview import TopicRow


def _last_recorded(topic: TopicRow, _viewer: Viewer) -> str:
    if topic.last_recorded_at is None:
        return format_html('<span class="quiet">{}</span>', "nothing yet")
    return utc_cell(topic.last_recorded_at)


TOPICS: Final[Table[TopicRow]] = Table(
    "Topics of the log",
    (
        Column("Topic", cells.mono(lambda topic: topic.topic), heads_row=True),
        Column(
            "Partitions", cells.text(lambda topic: topic.partitions), is_number=True
        ),
        Column(
            "Records folded", cells.number(lambda topic: topic.records), is_number=True
        ),
        Column("Last recorded, UTC", _last_recorded),
    ),
    is_tight=True,
)

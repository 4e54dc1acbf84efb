"""The first page: what is here, in figures that cost nothing and say nothing of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.html import format_html

from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Panel
from audit.overview.columns import TOPICS
from eventstore.queries.overview import overview as look_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from eventstore.queries.overview import TopicRow


def overview(request: HttpRequest) -> HttpResponse:
    """Figures for everybody who may enter."""
    figures = look_over()
    recorded = [t.last_recorded_at for t in figures.topics if t.last_recorded_at]
    panels: list[Panel[Any]] = [_topics(figures.topics)]
    return show_list(
        request,
        "Overview",
        *panels,
        intro="What the log holds, as the mirror has it. Nothing can be changed here: to correct a fact, append an event.",
        template="audit/overview/overview.html",
        overview=figures,
        records=sum(t.records for t in figures.topics),
        partitions=sum(t.partitions for t in figures.topics),
        last_recorded_at=max(recorded, default=None),
    )


def _topics(rows: Sequence[TopicRow]) -> Panel[TopicRow]:
    command = format_html("<code>{}</code>", "manage.py create_topics")
    return Panel(
        heading=Heading("top-h", "Topics of the log", str(len(rows))),
        table=TOPICS,
        rows=rows,
        empty=Empty("No topics yet", format_html("They are created by {}", command)),
    )

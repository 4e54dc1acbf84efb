"""The first page: what is here, in figures that cost nothing, and the newest events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.html import format_html

from audit.access import Capability, may
from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Panel
from audit.events.columns import EVENTS
from audit.overview.columns import TOPICS
from eventstore.queries import browse
from eventstore.queries.keyset import Wanted
from eventstore.queries.overview import overview as look_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from eventstore.queries.overview import TopicRow

NEWEST = 10


def overview(request: HttpRequest) -> HttpResponse:
    """Figures for everybody who may enter; events for those who may see them."""
    figures = look_over()
    recorded = [t.last_recorded_at for t in figures.topics if t.last_recorded_at]
    panels: list[Panel[Any]] = [_topics(figures.topics)]
    if may(request.user, Capability.SEE_PAYLOADS):
        newest = browse.events(Wanted(size=NEWEST), browse.EventFilter()).rows
        panels.insert(0, _newest(newest))
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


def _newest(rows: Sequence[browse.EventRow]) -> Panel[browse.EventRow]:
    all_of_them = format_html('<a href="{}">All events</a>', reverse("admin:events"))
    command = format_html("<code>{}</code>", "manage.py import_events FILE")
    return Panel(
        heading=Heading("new-h", "Newest events", all_of_them),
        table=replace(EVENTS, caption="Newest events"),
        rows=rows,
        empty=Empty(
            "No events yet", format_html("Append one, or import a file: {}", command)
        ),
    )


def _topics(rows: Sequence[TopicRow]) -> Panel[TopicRow]:
    command = format_html("<code>{}</code>", "manage.py create_topics")
    return Panel(
        heading=Heading("top-h", "Topics of the log", str(len(rows))),
        table=TOPICS,
        rows=rows,
        empty=Empty("No topics yet", format_html("They are created by {}", command)),
    )

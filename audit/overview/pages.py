"""The first page: what is here, in figures that cost nothing, and the newest events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.access import Capability, may
from audit.frame.showing import show
from eventstore.queries import browse
from eventstore.queries.keyset import Wanted
from eventstore.queries.overview import overview as look_over

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

NEWEST = 10


def overview(request: HttpRequest) -> HttpResponse:
    """Figures for everybody who may enter; events for those who may see them."""
    found = look_over()
    newest = None
    if may(request.user, Capability.SEE_PAYLOADS):
        newest = browse.events(Wanted(size=NEWEST), browse.EventFilter()).rows
    recorded = [t.last_recorded_at for t in found.topics if t.last_recorded_at]
    return show(
        request,
        "audit/overview/overview.html",
        {
            "title": "Overview",
            "overview": found,
            "records": sum(t.records for t in found.topics),
            "partitions": sum(t.partitions for t in found.topics),
            "last_recorded_at": max(recorded, default=None),
            "newest": newest,
        },
    )

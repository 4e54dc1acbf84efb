"""The queue of safety violations, and the record of how many were decided in time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse

from audit.access import viewer_of
from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Pager, Panel
from audit.conf import SEVERITIES
from audit.frame.showing import Step, query_without_cursor, wanted
from audit.looking import looks_at
from audit.violations import columns, queries
from audit.violations.counting import MOST_COUNTED, capped, counts
from audit.violations.filters import EPOCH, TABS, among_of, filters_of, month_of
from audit.violations.record import Record, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from audit.violations.counting import Counts
    from audit.violations.queries import Among, QueueRow
    from eventstore.queries.keyset import Page

_NONE: Final = {
    "open": Empty(
        "No open violation",
        "Whatever a detector finds stands here until somebody has decided what it was.",
    ),
    "mine": Empty("You have claimed none", "What you claim stands here."),
    "second": Empty(
        "No decision waits for a second person",
        "High and critical violations are closed by two persons.",
    ),
    "closed": Empty("None is closed yet", "What was decided stands here."),
}
NOT_KNOWN: Final = Empty(
    "None is known",
    "Not all that the log holds is handled yet: whether there is one, nobody can say.",
)
_NONE_FITS: Final = Empty(
    "None fits", "No violation is as you asked for. Clear the form to see all of them."
)
_LABELS: Final = dict(
    zip(TABS, ("Open", "Mine", "Second person", "Closed"), strict=True)
)


def violations(request: HttpRequest) -> HttpResponse:
    """By the time that is left, which is a place that does not move."""
    viewer = viewer_of(request)
    among = among_of(request.GET, viewer)
    listed = queries.queue(wanted(request), among)
    looks_at(request, {row.child_id for row in listed.rows}, "violations")
    counted = counts(among.by, among.now)
    behind = counted.known_before
    return show_list(
        request,
        "Safety violations",
        _panel(request, among, listed, is_whole=behind is None),
        intro="By the time that is left to decide. Whose time is not known comes first.",
        template="audit/violations/violations.html",
        tabs=_tabs(counted, among.tab),
        counted=counted,
        is_capped=counted.overdue > MOST_COUNTED,
        behind=behind,
    )


def violations_record(request: HttpRequest) -> HttpResponse:
    """Of one month, by severity: figures, and nothing of anybody."""
    now = viewer_of(request).now
    since, until = month_of(request.GET.get("month"), now)
    found = record(since, until, now)
    rows = [found.get(one, Record(one)) for one in reversed(SEVERITIES)]
    before, after = since - timedelta(days=1), until
    return show_list(
        request,
        "Decided in time?",
        Panel(
            heading=Heading("record-h", f"{since:%B %Y}", "by the log’s time, UTC"),
            table=columns.RECORD,
            rows=rows,
        ),
        intro="Of the violations that were detected in one month. A violation is late if its time was over before it was"
        " decided, also when it is still open, and stays late when it is reopened.",
        template="audit/violations/record.html",
        trail=[Step("Safety violations", reverse("admin:violations"))],
        earlier=f"{before:%Y-%m}" if since > EPOCH else "",
        later=f"{after:%Y-%m}" if after <= now else "",
        behind=queries.behind_since(),
    )


def _panel(
    request: HttpRequest, among: Among, listed: Page[QueueRow], *, is_whole: bool
) -> Panel[QueueRow]:
    query = query_without_cursor(request)
    is_narrowed = bool(query.replace(f"tab={among.tab}&", ""))
    none = _NONE_FITS if is_narrowed else _NONE[among.tab]
    is_closed = among.tab == "closed"
    return Panel(
        label="Queue",
        table=columns.CLOSED if is_closed else columns.QUEUE,
        rows=listed.rows,
        above="audit/violations/tabs.html",
        filters=filters_of(among, is_narrowed=is_narrowed),
        empty=none if is_whole else NOT_KNOWN,
        pager=Pager(listed, query)
        if is_closed
        else Pager(listed, query, later="Less time left", earlier="More time left"),
    )


def _tabs(counted: Counts, at: str) -> Sequence[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": _LABELS[name],
            "count": capped(getattr(counted, name)),
            "is_current": name == at,
        }
        for name in TABS
    ]

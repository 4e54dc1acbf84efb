"""What waits for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.approvals import queries
from audit.approvals.columns import WAITING
from audit.columns.showing import show_list
from audit.columns.table import Empty, Pager, Panel
from audit.frame.showing import query_without_cursor, wanted
from audit.looking import looks_at
from eventstore.queries.unhandled import unhandled_since

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_NONE: Final = Empty(
    "Nothing waits for a second person",
    "What one person alone may not do stands here until somebody else has answered.",
)


_NOT_KNOWN: Final = Empty(
    "None is known",
    "Not all that the log holds is handled yet: whether somebody waits, nobody can say.",
)
_FOLLOWED: Final = {"approvals": "eventstore.approval"}


def approvals(request: HttpRequest) -> HttpResponse:
    """Oldest first. It is answered on the page of what it is about."""
    listed = queries.waiting(wanted(request))
    looks_at(request, {row.subject for row in listed.rows if row.subject}, "approvals")
    behind = unhandled_since(_FOLLOWED)
    return show_list(
        request,
        "Second person",
        Panel(
            label="Requests",
            table=WAITING,
            rows=listed.rows,
            empty=_NONE if behind is None else _NOT_KNOWN,
            pager=Pager(
                listed, query_without_cursor(request), later="Older", earlier="Newer"
            ),
        ),
        intro="What one person alone may not do, oldest first. Nobody answers what they asked for.",
        template="audit/approvals/approvals.html",
        behind=behind,
    )

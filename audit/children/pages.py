"""The list of children: keyset, narrowed, counted up to a border. That it is shown is itself recorded, with every child on it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.children import asked, lists
from audit.children.columns import CHILDREN
from audit.children.lists import ChildFilter
from audit.children.spans import midnight
from audit.columns.filters import Choice, Day, Filters
from audit.columns.showing import show_list
from audit.columns.table import Empty, Heading, Pager, Panel
from audit.formats import thousands
from audit.frame.refusals import PageRefused
from audit.frame.showing import query_without_cursor, wanted
from audit.looking import looks_at
from eventstore.queries.unhandled import unhandled_among
from teddy_es.domain.fields import is_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse, QueryDict

    from audit.children.lists import Counted

_OPEN: Final = ("at least one",)
_NO_CHILDREN: Final = Empty(
    "No children yet", "As soon as a child is registered, it stands here."
)
_NONE_FITS: Final = Empty(
    "No child fits", "None is known that fits these filters. Clear them to see all."
)


def children(request: HttpRequest) -> HttpResponse:
    """The newest first; with open violations by their ids."""
    among = _filter(request.GET)
    since = unhandled_among(
        [("children", "eventstore.child"), ("violations", "eventstore.child")]
    )
    page = lists.children(among, wanted(request))
    looks_at(request, [row.child_id for row in page.rows], "children")
    is_filtered = among != ChildFilter()
    count = lists.counted(among)
    return show_list(
        request,
        "Children",
        Panel(
            heading=Heading("list-h", _order(among), _counted(count)),
            table=CHILDREN,
            rows=page.rows,
            above="audit/children/look_up.html",
            filters=_filters(request.GET, lists.languages(), is_filtered=is_filtered),
            empty=_NONE_FITS if is_filtered else _NO_CHILDREN,
            pager=Pager(page, query_without_cursor(request), "Back", "On"),
        ),
        intro="A child is an id and a parent; no name stands here. A child of whom only a conversation is known is not on this list: look it"
        " up by its id. That you see this list is recorded, with every child on it.",
        template="audit/children/children.html",
        known_before=since,
    )


def _filter(query: QueryDict) -> ChildFilter:
    language = query.get("language") or None
    if language is not None and not is_code(language):
        raise PageRefused(asked.BAD, "A language is a code, as de or en-GB.")
    first, last = (
        asked.day_in(query, "registered_from"),
        asked.day_in(query, "registered_to"),
    )
    zone = asked.zone_in(query)
    return ChildFilter(
        language=language,
        registered_from=None if first is None else midnight(first, zone),
        registered_to=None
        if last is None
        else midnight(last + timedelta(days=1), zone),
        has_open=query.get("open") in _OPEN,
    )


def _order(among: ChildFilter) -> str:
    if among.has_open:
        return "With open violations, by id"
    return "Registered last first" if among.by_registration else "Known last first"


def _counted(count: Counted) -> str:
    return f"{thousands(count.number)}{'' if count.is_all else '+'}"


def _filters(
    query: QueryDict, languages: Sequence[str], *, is_filtered: bool
) -> Filters:
    return Filters(
        "Filter children",
        [
            Choice("open", "open", "Open violations", query.get("open"), _OPEN),
            Choice("language", "lang", "Language", query.get("language"), languages),
            Day(
                "registered_from",
                "from",
                "Registered from (UTC)",
                asked.day_in(query, "registered_from"),
            ),
            Day(
                "registered_to",
                "to",
                "to, this day too",
                asked.day_in(query, "registered_to"),
            ),
        ],
        clear=reverse("admin:children") if is_filtered else "",
    )

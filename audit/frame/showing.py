"""A page is shown: in the console's frame, kept by nobody's cache, as the address wants it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import admin
from django.template.response import TemplateResponse

from audit.frame.looks import has_recorded
from eventstore.queries.keyset import BadCursor, Wanted
from eventstore.queries.situation import situation

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class Step(NamedTuple):
    """Of the way to a page: the context's `trail` has those between the overview and the page itself."""

    label: str
    address: str


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    """Render a page in the console's frame; nobody's cache keeps it."""
    request.current_app = admin.site.name
    if status is HTTPStatus.OK:
        context = {**_of_what_is_shown(request), **context}
    answer = TemplateResponse(
        request,
        template,
        {**admin.site.each_context(request), **context},
        status=status,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _of_what_is_shown(request: HttpRequest) -> dict[str, Any]:
    """A refusal asks nobody, for the database may be why it is one; and it repeats no address, which may name somebody."""
    now = situation()
    return {
        "situation": now,
        "stopped": now.stopped,
        "is_recorded": has_recorded(request),
        "address": request.get_full_path() if request.method == "GET" else "",
    }


def wanted(request: HttpRequest) -> Wanted:
    """Which page of a list the address names. Raises `BadCursor` if it names two."""
    after, before = request.GET.get("after"), request.GET.get("before")
    if after is not None and before is not None:
        raise BadCursor
    return Wanted(after=after, before=before)


def query_without_cursor(request: HttpRequest) -> str:
    """The list's filters as the start of a query string: `type=…&`, or nothing."""
    kept = request.GET.copy()
    kept.pop("after", None)
    kept.pop("before", None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return f"{kept.urlencode()}&" if kept else ""

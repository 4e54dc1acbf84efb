"""Have one stream held against the log, and see what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.frame.showing import Step, show
from audit.looking import looks_at
from audit.people.persons import persons_of
from audit.streams.pages import head_of
from eventstore.store import get_event_store
from eventstore.upkeep.verifier.stream import COMMITS, SECONDS, verify_stream

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse

    from eventstore.upkeep.verifier.stream import StreamFindings

SHOWN: Final = 20
"""Differences that are listed; how many more there are is said."""


def verify(request: HttpRequest, *, stream_id: str) -> HttpResponse:
    """The form; sent, what was compared and what differs. It says what it did not come to."""
    head = head_of(stream_id)
    looks_at(request, persons_of([stream_id]), stream_id)
    first = _version(request.POST.get("first", "1"), most=head.version)
    found: StreamFindings | None = None
    if request.method == "POST":
        found = verify_stream(stream_id, get_event_store().make_log, first=first)
    context: dict[str, Any] = {
        "title": f"Verify {stream_id}",
        "here": "Verify",
        "trail": [Step(stream_id, reverse("admin:stream", args=[stream_id]))],
        "stream": head,
        "commits": COMMITS,
        "seconds": round(SECONDS),
        "next": first,
        "findings": found,
    }
    return show(request, "audit/streams/verify.html", context | _said(found))


def _said(found: StreamFindings | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "differences": found.differences[:SHOWN],
        "more_differences": max(0, len(found.differences) - SHOWN),
        "unread": found.commits - found.with_log,
        "next": found.last + 1 if found.has_more else 1,
    }


def _version(text: str, *, most: int) -> int:
    """What was typed, as far as it is a version of the stream; the first otherwise."""
    typed = text.strip()
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 11
    return min(max(int(typed), 1), most) if is_number else 1

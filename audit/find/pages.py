"""Exact look-ups of whatever somebody has at hand. A POST: what is typed stands in no address and no log."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from django.shortcuts import redirect
from django.urls import reverse

from audit.addresses import event_address
from audit.frame.refusals import PageRefused
from eventstore.events import Position
from eventstore.queries import browse
from eventstore.queries.evidence import one_event, with_commit_id
from eventstore.queries.keyset import Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse


def find(request: HttpRequest) -> HttpResponse:
    """Redirect to the event, stream or list that has exactly this id or position."""
    if request.method != "POST":
        return redirect("admin:events")
    return redirect(_address(request.POST.get("q", "").strip()[:200]))


def _address(text: str) -> str:
    address = _by_uuid(text) or _by_position(text) or _by_stream(text)
    if address is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "Nothing has exactly this id or position.",
            "Look up a stream id, an event, commit or correlation id, or a position, in full.",
        )
    return address


def _by_uuid(text: str) -> str | None:
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    if rows := browse.with_event_id(wanted):
        return _one_or_list(rows, f"event_id={wanted}")
    if rows := with_commit_id(wanted):
        return event_address(rows[0].position)
    for name, among in (
        ("correlation_id", browse.EventFilter(correlation_id=wanted)),
        ("causation_id", browse.EventFilter(causation_id=wanted)),
    ):
        if browse.events(Wanted(size=1), among).rows:
            return _list(f"{name}={wanted}")
    return None


def _one_or_list(rows: Sequence[browse.EventRow], query: str) -> str:
    return event_address(rows[0].position) if len(rows) == 1 else _list(query)


def _list(query: str) -> str:
    return f"{reverse('admin:events')}?{query}"


def _by_position(text: str) -> str | None:
    try:
        position = Position.parse(text)
    except ValueError:
        return None
    return event_address(position) if one_event(position) else None


def _by_stream(text: str) -> str | None:
    return reverse("admin:stream", args=[text]) if browse.stream(text) else None

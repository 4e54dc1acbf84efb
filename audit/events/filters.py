"""The filters of the events' list, from its address: every value is checked before a query is made of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from audit.frame.refusals import PageRefused
from eventstore.events import EVENT_TYPE
from eventstore.queries.browse import EventFilter

if TYPE_CHECKING:
    from django.http import QueryDict

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?)?"
)


def event_filter(query: QueryDict) -> EventFilter:
    """What the address asks for. Raises `PageRefused` with what is wrong; it repeats no value."""
    return EventFilter(
        event_type=_type(query.get("type")),
        correlation_id=uuid_of(query.get("correlation_id"), "A correlation id"),
        causation_id=uuid_of(query.get("causation_id"), "A causation id"),
        recorded_from=_time(query.get("recorded_from")),
        recorded_to=_time(query.get("recorded_to")),
    )


def uuid_of(text: str | None, what: str) -> UUID | None:
    """A UUID from outside, None for nothing. Raises `PageRefused`."""
    if not text:
        return None
    if not _UUID.fullmatch(text.strip()):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            f"{what} is a UUID, as in 71369857-3258-4b6a-bd7b-eaf9dfa28731.",
        )
    return UUID(text.strip())


def _type(text: str | None) -> str | None:
    if not text:
        return None
    if not EVENT_TYPE.fullmatch(text):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST, "An event type is a word of letters and digits."
        )
    return text


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    instant = _instant(text)
    if instant is None:
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "A time is written in UTC as 2026-11-23T09:30, or 2026-11-23 for midnight.",
        )
    return instant


def _instant(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None

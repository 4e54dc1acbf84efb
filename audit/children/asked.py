"""What an address of a child's pages asks for: days, a clock, lines of the axis, a moment. Every value is checked, and none is repeated."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from audit.children.axis import LANES, Clock
from audit.children.spans import FIRST_DAY, LAST_DAY, Span, days
from audit.frame.refusals import PageRefused
from audit.zones import zone_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from django.http import QueryDict

BAD: Final = HTTPStatus.BAD_REQUEST
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?"
)

_NO_DAY: Final = "A day is written 2026-06-14, from 1970 on."
_MOMENT: Final = timedelta(microseconds=1)
_NO_MOMENT: Final = "A moment is written in UTC as 2026-06-14T18:05, or 2026-06-14 for the end of that day."
_TO_COME: Final = "What will be known then nobody knows: choose a time that has come."


def zone_in(query: QueryDict) -> tzinfo:
    """By whose clocks a day of the address begins: named in it, so that nobody's settings shift a link; UTC if it is not."""
    name = query.get("zone", "") or "UTC"
    zone = zone_named(name)
    if zone is None:
        raise PageRefused(BAD, "A zone is one of the list, as Europe/Berlin.")
    return zone


def clock_in(query: QueryDict) -> Clock:
    """By which time the axis goes."""
    name = query.get("clock", "") or Clock.HAPPENED.value
    if name not in set(Clock):
        raise PageRefused(
            BAD, "The axis goes by when something happened or was recorded."
        )
    return Clock(name)


def lanes_in(query: QueryDict) -> Sequence[str]:
    """Which lines; all of them if none is named."""
    named = set(query.getlist("lane"))
    if named - set(LANES):
        raise PageRefused(BAD, "This is none of the lines of the axis.")
    return [lane for lane in LANES if lane in named] or LANES


def day_in(query: QueryDict, name: str) -> date | None:
    """A day of the calendar."""
    text = query.get(name, "").strip()
    if not text:
        return None
    found = _day(text) if _DAY.fullmatch(text) else None
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        raise PageRefused(BAD, _NO_DAY)
    return found


def span_in(query: QueryDict, zone: tzinfo, otherwise: Span) -> Span:
    """From the beginning of the first day to the end of the last one, or between instants of UTC, as links of the strip have them."""
    first, last = query.get("from", "").strip(), query.get("to", "").strip()
    start = _edge(query, "from", zone).start if first else otherwise.start
    end = _edge(query, "to", zone).end if last else otherwise.end
    if not first or not last:
        return Span(start, max(end, start + _MOMENT))
    if end <= start:
        raise PageRefused(BAD, "The first day lies behind the last one.")
    return Span(start, end)


def _edge(query: QueryDict, name: str, zone: tzinfo) -> Span:
    text = query.get(name, "").strip()
    if _INSTANT.fullmatch(text):
        at, whole = _instant(text), days(FIRST_DAY, LAST_DAY, zone)
        if not whole.start <= at <= whole.end:
            raise PageRefused(BAD, _NO_DAY)
        return Span(at, at)
    day = day_in(query, name) or FIRST_DAY
    return days(day, day, zone)


def moment_in(query: QueryDict, zone: tzinfo, now: datetime) -> datetime:
    """The moment: an instant of UTC, or the end of a day; of today now. Raises `PageRefused` for what has not come."""
    text = query.get("at", "").strip()
    if not text:
        return now
    if _DAY.fullmatch(text):
        return min(now, _end_of_day(text, zone, now))
    found = _instant(text)
    if found > now:
        raise PageRefused(BAD, _TO_COME)
    return found


def written(at: datetime) -> str:
    """As an address has it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _end_of_day(text: str, zone: tzinfo, now: datetime) -> datetime:
    """The last instant of a day that has begun."""
    found = _day(text)
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        raise PageRefused(BAD, _NO_MOMENT)
    span = days(found, found, zone)
    if span.start > now:
        raise PageRefused(BAD, _TO_COME)
    return span.end - _MOMENT


def _instant(text: str) -> datetime:
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError  # noqa: TRY301  (the same answer)
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        raise PageRefused(BAD, _NO_MOMENT) from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

"""How the console writes times, numbers and icons, the same on every page and in every cell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.html import format_html

from audit import zones

if TYPE_CHECKING:
    from datetime import tzinfo
    from uuid import UUID

    from django.utils.safestring import SafeString


def icon(name: str) -> SafeString:
    """A symbol of the sprite; what it means stands beside it in words."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', name
    )


def utc(instant: datetime, *, fraction: bool = True) -> SafeString:
    """An instant in full, UTC named. fraction: False to the second, which then has no digits that are not there."""
    return _time(instant, suffix=" UTC", fraction=fraction)


def utc_cell(instant: datetime) -> SafeString:
    """An instant in a column whose head names UTC."""
    return _time(instant, suffix="")


def utc_second(instant: datetime) -> SafeString:
    """One of our own clock's, to the second, in a column whose head names UTC."""
    return _time(instant, suffix="", fraction=False)


def moment(instant: datetime, zone: tzinfo, *, fraction: bool = True) -> SafeString:
    """An instant in full in UTC, and to the second by the viewer's clocks; each says whose it is. fraction: False to the second in both."""
    written = utc(instant, fraction=fraction)
    if zone is UTC:
        return format_html("<span>{}</span>", written)
    return format_html(
        '<span>{} <span class="t-local">{}</span></span>',
        written,
        local(instant, zone),
    )


def clock(instant: datetime, zone: tzinfo) -> SafeString:
    """One of our own clock's, to the second, in both zones on one line."""
    there = zones.there(instant, zone)
    beside = (
        ""
        if zone is UTC or there is None
        else f" · {there:%H:%M:%S} {zones.labelled(there)}"
    )
    return format_html("{} UTC{}", utc_second(instant), beside)


def local(instant: datetime, zone: tzinfo) -> str:
    """2026-11-23 10:19:24 Berlin +01:00."""
    there = zones.there(instant, zone)
    if there is None:
        return f"no such time in {zone}"
    written = there.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    return f"{written} {zones.labelled(there)}"


def why_erased(why: str, request: str | None) -> str:
    """For which reason a key was destroyed, in an officer's words. request: as a person's request is called."""
    if why == "retention":
        return "its time of keeping was over"
    if why == "undead":
        return "the key had come back"
    return f"request {request}" if request else "a request whose name is not known"


def thousands(number: int) -> str:
    """204,881."""
    return f"{number:,}"


def duration(seconds: float) -> str:
    """The two largest units of it: 5 s, 3 min 5 s, 2 h, 4 d 2 h."""
    whole = max(0, round(seconds))
    parts = [whole // 86_400, whole // 3_600 % 24, whole // 60 % 60, whole % 60]
    first = next((n for n, count in enumerate(parts) if count), 3)
    shown = list(zip(parts, ("d", "h", "min", "s"), strict=True))[first : first + 2]
    return " ".join(f"{count} {unit}" for count, unit in shown if count) or "0 s"


def age(instant: datetime, now: datetime) -> str:
    """How long ago that was."""
    return duration((now - instant).total_seconds())


def short(identifier: UUID | str) -> str:
    """The first eight characters of an id; the whole stands in the link's title and target."""
    return str(identifier)[:8]


def _time(instant: datetime, *, suffix: str, fraction: bool = True) -> SafeString:
    there = instant.astimezone(UTC)
    if not fraction:
        there = there.replace(microsecond=0)
    # A broker's clock has milliseconds, a writer's up to microseconds; no digit that is there is left out.
    digits = there.strftime(".%f") if fraction else ""
    digits = digits[:4] if digits.endswith("000") else digits
    return format_html(
        '<time class="t" datetime="{}Z">{}{}{}</time>',
        there.replace(tzinfo=None).isoformat(timespec="microseconds"),
        there.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds"),
        digits,
        suffix,
    )

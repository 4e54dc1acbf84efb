"""In whose time a page shows an instant beside UTC: the zone that the viewer has chosen, kept with the session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

KEPT_AS: Final = "zone"  # in the session
_NO_PLACES: Final = {"UTC", "localtime", "posixrules", "Factory"}


@cache
def zone_names() -> Sequence[str]:
    """All that there are, UTC first."""
    return ["UTC", *sorted(available_timezones() - _NO_PLACES)]


def zone_named(name: str) -> tzinfo | None:
    """None for a name that is none: nothing that is typed is looked for as a file."""
    if name not in zone_names():
        return None
    return UTC if name == "UTC" else ZoneInfo(name)


def zone_of(request: HttpRequest, *, otherwise: str = "UTC") -> tzinfo:
    """The session's, or the account's; UTC where this machine does not know them."""
    chosen = zone_named(str(request.session.get(KEPT_AS, "")))
    return chosen or zone_named(otherwise) or UTC


def keep_zone(request: HttpRequest, name: str) -> bool:
    """Have the session's pages show it. False for what is no zone: nothing is kept."""
    if zone_named(name) is None:
        return False
    request.session[KEPT_AS] = name
    return True


def there(instant: datetime, zone: tzinfo) -> datetime | None:
    """The instant by that zone's clocks; None at the ends of the calendar, where there is no such time."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return None


def labelled(there: datetime) -> str:
    """Berlin +01:00. The offset tells the two 02:30 of a night with a clock change apart."""
    place = str(there.tzinfo).rpartition("/")[2].replace("_", " ")
    return f"{place} {_offset(there.utcoffset() or timedelta())}"


def _offset(by: timedelta) -> str:
    seconds = round(by.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    written = f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"
    return f"{written}:{rest:02}" if rest else written  # as before there were zones

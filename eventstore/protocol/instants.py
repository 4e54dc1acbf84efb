"""Instants as texts, read strictly, so that one text means one instant everywhere: RFC 3339, and a record's own form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
# 24:00 is left to no library: some take it, for the day after
_WRITTEN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)


def is_written(text: str) -> bool:
    """Whether the text is `YYYY-MM-DDTHH:MM:SS.ffffffZ` and there is such an instant in the years 1 to 9999."""
    if not _WRITTEN.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:-1])
    except ValueError:
        return False
    return True


def rfc3339(text: str) -> datetime:
    """The instant, in UTC, to the microsecond: what is finer is cut off, the log keeps no more.

    Raises ValueError, which quotes nothing, for another form, a missing offset, or years outside of 1 to 9999.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        msg = "must be an instant with its offset, as in RFC 3339"
        raise ValueError(msg)
    day, time, fraction, sign, hours, minutes = match.groups()
    micro = ((fraction or "") + "000000")[:6]
    try:
        local = datetime.fromisoformat(f"{day}T{time}.{micro}+00:00")
        if sign is None:
            return local
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(offset if sign == "+" else -offset)
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = "must be an instant that there is, in the years 1 to 9999"
        raise ValueError(msg) from None

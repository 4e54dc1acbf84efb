"""The grammar of docs/RECORD_FORMAT.md, written from its text alone and as plainly as possible."""

from __future__ import annotations

from typing import Any

from teddy_es.faults.json_by_hand import HEX, Json, RefusedError, must

LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
DIGITS = "0123456789"
BASE64 = UPPER + LOWER + DIGITS + "+/"
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read(key: bytes | None, value: bytes | None) -> dict[str, Any] | None:
    """The record's object if it is a commit or an activation by form, None if it is malformed."""
    try:
        if value is None or len(value) > 1_000_000:
            return None
        record = Json(value).whole()
        must(isinstance(record, dict))
        if set(record) == {"v", "activate"}:
            must(key is None)
            must(is_integer(record["v"]) and record["v"] == 1)
            must(is_natural(record["activate"]))
        else:
            check_commit(key, record)
    except RefusedError:
        return None
    return dict(record)


def check_commit(key: bytes | None, record: dict[str, Any]) -> None:
    """The fields of a commit."""
    must(set(record) == {"v", "commit_id", "stream_id", "expected", "events"})
    must(is_natural(record["v"]))
    must(is_uuid(record["commit_id"]))
    must(is_stream_id(record["stream_id"]))
    must(key == record["stream_id"].encode())
    words = ("any", "no_stream", "stream_exists")
    must(is_natural(record["expected"]) or record["expected"] in words)
    must(isinstance(record["events"], list))
    must(1 <= len(record["events"]) <= 1_000)
    for event in record["events"]:
        check_event(event)
    ids = [event["event_id"] for event in record["events"]]
    must(len(set(ids)) == len(ids))


def check_event(event: Any) -> None:
    """The fields of an event."""
    must(isinstance(event, dict))
    names = {
        "event_id",
        "type",
        "schema",
        "occurred_at",
        "correlation_id",
        "causation_id",
        "data",
    }
    must(set(event) in (names, names | {"sealed"}))
    must(is_uuid(event["event_id"]))
    must(is_type(event["type"]))
    must(is_natural(event["schema"]))
    must(is_instant(event["occurred_at"]))
    for name in ("correlation_id", "causation_id"):
        must(event[name] is None or is_uuid(event[name]))
    must(isinstance(event["data"], dict))
    if "sealed" in event:
        sealed = event["sealed"]
        must(isinstance(sealed, dict) and set(sealed) == {"key", "nonce", "box"})
        must(is_uuid(sealed["key"]))
        must(base64_length(sealed["nonce"]) == 12)
        must(base64_length(sealed["box"]) is not None)


def is_integer(value: Any) -> bool:
    """A number written without `.` and `e`."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_natural(value: Any) -> bool:
    """An integer, 0 or more."""
    return is_integer(value) and value >= 0


def consists(text: str, alphabet: str, least: int, most: int) -> bool:
    """Whether a text has so many characters, all of these."""
    return least <= len(text) <= most and all(c in alphabet for c in text)


def is_uuid(value: Any) -> bool:
    """8-4-4-4-12 lower-case hexadecimal digits."""
    if not isinstance(value, str):
        return False
    parts = value.split("-")
    return len(parts) == 5 and all(
        consists(part, HEX, n, n)
        for part, n in zip(parts, (8, 4, 4, 4, 12), strict=True)
    )


def is_stream_id(value: Any) -> bool:
    """A type, a dot and an id of its own."""
    if not isinstance(value, str) or "." not in value:
        return False
    kind, own = value.split(".", 1)
    return (
        consists(kind, LOWER + DIGITS + "_", 1, 63)
        and kind[0] in LOWER
        and consists(own, UPPER + LOWER + DIGITS + "_.:-", 1, 128)
    )


def is_type(value: Any) -> bool:
    """A letter, then letters, digits and underscores."""
    return (
        isinstance(value, str)
        and consists(value, UPPER + LOWER + DIGITS + "_", 1, 127)
        and value[0] in UPPER + LOWER
    )


def is_instant(value: Any) -> bool:
    """YYYY-MM-DDTHH:MM:SS.ffffffZ, and the calendar and the clock have it."""
    if not isinstance(value, str) or len(value) != 27:
        return False
    shape = "".join("9" if c in DIGITS else c for c in value)
    if shape != "9999-99-99T99:99:99.999999Z":
        return False
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    if year < 1 or not 1 <= month <= 12:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = 29 if month == 2 and leap else DAYS[month - 1]
    hour, minute, second = int(value[11:13]), int(value[14:16]), int(value[17:19])
    return 1 <= day <= days and hour < 24 and minute < 60 and second < 60


def base64_length(value: Any) -> int | None:
    """How many bytes a padded standard base64 text holds; None if it is none or has bits left over."""
    if not isinstance(value, str) or len(value) % 4:
        return None
    body = value.rstrip("=")
    padding = len(value) - len(body)
    if padding > 2 or not all(c in BASE64 for c in body):
        return None
    unused = {0: 1, 1: 4, 2: 16}[padding]  # values that the unused bits could take
    if body and BASE64.index(body[-1]) % unused:
        return None
    return len(value) // 4 * 3 - padding

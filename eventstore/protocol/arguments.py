"""What callers give, who are not always type-checked: taken as what it is meant to be, or refused before it does harm.

A text that is nearly a text, a True that counts as 1, a member of an enumeration that a driver writes by its name: each
would be stored or asked for as something else, in silence.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeGuard
from uuid import UUID

from eventstore.errors import InvalidEvent, InvalidStreamId


def stream_id_in(value: object) -> str:
    """A plain text. Raises `InvalidStreamId` for anything else."""
    if type(value) is str:
        return value
    if not isinstance(value, str):
        msg = f"it is a {type(value).__name__}, not a text"
        raise InvalidStreamId(msg)
    return str.__str__(value)


def event_id_in(value: object) -> UUID:
    """A UUID, to be written. Raises `InvalidEvent`: a text would be written, and never be found again."""
    if type(value) is UUID:
        return value
    if not isinstance(value, UUID):
        msg = f"an id of it is a {type(value).__name__}, not a UUID"
        raise InvalidEvent(msg)
    return UUID(int=value.int)


def commit_id_in(value: object) -> UUID:
    """A UUID, to be looked for. Raises TypeError."""
    if not isinstance(value, UUID):
        msg = f"a commit id is a UUID, not a {type(value).__name__}"
        raise TypeError(msg)
    return UUID(int=value.int)


def number_in(value: object, what: str, *, least: int | None = None) -> int:
    """An int that is no bool. Raises TypeError, and ValueError below the least."""
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"{what} is a number, not a {type(value).__name__}"
        raise TypeError(msg)
    if least is not None and value < least:
        msg = f"{what} is {least} or more, not {value}"
        raise ValueError(msg)
    return int(value)


def refuse_bounds(first: object, last: object, limit: object) -> None:
    """Those of a read. Raises TypeError for what is no number, ValueError below 0: elsewhere that means the end, or everything."""
    number_in(first, "from_version", least=0)
    if last is not None:
        number_in(last, "to_version", least=0)
    if limit is not None:
        number_in(limit, "limit", least=0)


def seconds_in(value: object) -> float:
    """A number of seconds. Raises TypeError; whether anybody can wait so long is for `deadline_in` to say."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        msg = f"a time-out is a number of seconds, not a {type(value).__name__}"
        raise TypeError(msg)
    return value


def instant_in(value: object) -> datetime:
    """An instant to ask for. Raises TypeError, and ValueError for one without a time zone."""
    if not isinstance(value, datetime):
        msg = f"an instant is a datetime, not a {type(value).__name__}"
        raise TypeError(msg)
    try:
        offset = value.utcoffset()
    except Exception:  # noqa: BLE001  (a time zone is anybody's class)
        offset = None
    if offset is None:
        msg = "an instant needs its time zone"
        raise ValueError(msg)
    return value


def plain_text(value: object, what: str) -> str:
    """A text, to be written. Raises `InvalidEvent`."""
    if not isinstance(value, str):
        msg = f"{what} is a {type(value).__name__}, not a text"
        raise InvalidEvent(msg)
    return str.__str__(value)


def is_number(value: object) -> TypeGuard[int]:
    """Whether it is an int and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)

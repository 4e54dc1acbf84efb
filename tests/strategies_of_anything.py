"""What a caller can hand to the store: anything that Python has."""

from __future__ import annotations

import enum
from collections import OrderedDict, UserDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
from hypothesis import strategies as st

from eventstore.events import Expected, NewEvent


class Text(str):
    """A text that is another's."""

    __slots__ = ()


class Word(enum.StrEnum):
    """A driver writes its name, not its value."""

    STREAM = "note.word"


class Number(enum.IntEnum):
    """As above."""

    ONE = 1


class Id(UUID):
    """A UUID that is another's."""


class Unknown(msgspec.Struct):
    """Registered nowhere."""

    text: str = "secret"


@dataclass
class Plain:
    """A foreign object."""

    text: str = "secret"


class Raising:
    """Raises whatever is asked of it; not of hypothesis, which asks by underscores."""

    def __getattr__(self, name: str) -> Any:
        msg = f"secret {name}"
        raise AttributeError(msg) if name.startswith("_") else RuntimeError(msg)

    def __len__(self) -> int:
        msg = "secret"
        raise RuntimeError(msg)

    def __iter__(self) -> Any:
        msg = "secret"
        raise RuntimeError(msg)


class Nowhere(tzinfo):
    """A time zone without an offset."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """None: as if there was no zone."""
        return None


class Broken(tzinfo):
    """A time zone that raises."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Raises."""
        msg = "secret"
        raise RuntimeError(msg)


def cyclic(kind: type) -> Any:
    """A list or a dictionary that holds itself."""
    made: Any = kind()
    if isinstance(made, list):
        made.append(made)
    else:
        made["secret"] = made
    return made


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    made: Any = []
    for _ in range(levels):
        made = [made]
    return made


def odd() -> st.SearchStrategy[Any]:
    """Single values, each of which somebody has once handed to something."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([2**31, 2**53, 2**53 + 1, 2**63, 2**64, -1, 10**400]),
        st.floats(),
        st.text(),
        st.sampled_from(["\ud800", "a\x00b", "note.1", "secret", "any", "Noted", ""]),
        st.sampled_from([Text("note.text"), Word.STREAM, Number.ONE, Text("any")]),
        st.binary(max_size=4),
        st.builds(uuid4),
        st.builds(lambda: Id(int=7)),
        st.sampled_from([datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]),  # noqa: DTZ001
        st.sampled_from(
            [
                datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
                date(2026, 1, 1),
                timedelta(days=1),
            ]
        ),
        st.builds(datetime, *map(st.just, (2026, 1, 1)), tzinfo=st.builds(Nowhere)),
        st.builds(datetime, *map(st.just, (2026, 1, 1)), tzinfo=st.builds(Broken)),
        st.sampled_from([Decimal("1.5"), Fraction(1, 3), 1 + 2j]),
        st.sampled_from([Plain(), Unknown(), object(), Path(), Plain, len]),
        st.builds(Raising),
        st.sampled_from(
            [{1}, frozenset({"a"}), range(3), deque([1]), memoryview(b"x")]
        ),
        st.builds(lambda: (one for one in [1])),
        st.sampled_from([msgspec.UNSET, msgspec.NODEFAULT, ...]),
        st.builds(msgspec.Raw, st.just(b"1")),
        st.builds(Expected, st.sampled_from([True, -1, "x", None])),
        st.builds(cyclic, st.sampled_from([list, dict])),
        st.builds(deep, st.sampled_from([3, 59, 60, 61, 62, 70])),
        st.sampled_from([UserDict({"text": "x"}), OrderedDict(text="x")]),
    )


def anything() -> st.SearchStrategy[Any]:
    """Those, and lists and dictionaries of them."""
    return st.recursive(
        odd(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(
                st.text(max_size=3)
                | st.integers()
                | st.booleans()
                | st.binary(max_size=2),
                inner,
                max_size=3,
            )
        ),
        max_leaves=5,
    )


def events_of(fields: Any) -> st.SearchStrategy[Any]:
    """Proposed events, most of them wrong in one part or another."""
    return st.builds(
        NewEvent,
        data=fields,
        type=st.just("Noted") | anything(),
        event_id=st.none() | anything(),
        occurred_at=st.none() | anything(),
        correlation_id=st.none() | anything(),
        causation_id=st.none() | anything(),
        schema=st.none() | anything(),
    )

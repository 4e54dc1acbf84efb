"""What callers give is taken as what it is meant to be, or refused: nothing that is nearly right goes on as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.errors import InvalidEvent, InvalidStreamId
from eventstore.protocol import arguments

if TYPE_CHECKING:
    from collections.abc import Callable


class Word(StrEnum):
    """A driver would write its name."""

    STREAM = "order.1"


class Number(IntEnum):
    """It, too."""

    TWO = 2


class Id(UUID):
    """An id of somebody's own."""


class Nowhere(tzinfo):
    """A time zone that does not know itself."""

    def utcoffset(self, _dt: datetime | None) -> timedelta:
        """See `tzinfo`."""
        raise LookupError

    def tzname(self, _dt: datetime | None) -> str:
        """See `tzinfo`."""
        return "nowhere"

    def dst(self, _dt: datetime | None) -> None:
        """See `tzinfo`."""


@pytest.mark.parametrize(
    ("taken", "value", "plain"),
    [
        (arguments.stream_id_in, "order.1", "order.1"),
        (arguments.stream_id_in, Word.STREAM, "order.1"),
        (lambda value: arguments.plain_text(value, "a type"), Word.STREAM, "order.1"),
        (arguments.event_id_in, UUID(int=1), UUID(int=1)),
        (arguments.event_id_in, Id(int=1), UUID(int=1)),
        (arguments.commit_id_in, Id(int=1), UUID(int=1)),
        (lambda value: arguments.number_in(value, "it"), Number.TWO, 2),
        (lambda value: arguments.number_in(value, "it"), -3, -3),
        (lambda value: arguments.number_in(value, "it", least=2), 2, 2),
        (lambda value: arguments.number_in(value, "it", least=0), 0, 0),
        (arguments.seconds_in, 0.5, 0.5),
        (arguments.seconds_in, 0, 0),
    ],
    ids=lambda value: value.__name__ if callable(value) else repr(value),
)
def test_what_is_taken_is_of_the_plain_type(
    taken: Callable[[object], object], value: object, plain: object
) -> None:
    found = taken(value)

    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("take", "value", "error", "told"),
    [
        (arguments.stream_id_in, b"order.1", InvalidStreamId, "a bytes, not a text"),
        (arguments.event_id_in, str(UUID(int=1)), InvalidEvent, "a str, not a UUID"),
        (arguments.commit_id_in, str(UUID(int=1)), TypeError, "not a str"),
        (arguments.instant_in, "2026-11-23", TypeError, "not a str"),
        (arguments.instant_in, datetime(2026, 11, 23), ValueError, "its time zone"),  # noqa: DTZ001
        (
            arguments.instant_in,
            datetime(2026, 11, 23, tzinfo=Nowhere()),
            ValueError,
            "its time zone",
        ),
        (arguments.seconds_in, True, TypeError, "not a bool"),
        (arguments.seconds_in, "1", TypeError, "not a str"),
    ],
)
def test_what_is_nearly_right_is_refused(
    take: Callable[[object], object], value: object, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        take(value)


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        (True, TypeError, "it is a number, not a bool"),
        (2.0, TypeError, "it is a number, not a float"),
        ("2", TypeError, "it is a number, not a str"),
        (1, ValueError, "it is 2 or more, not 1"),
    ],
)
def test_a_number_is_refused_below_the_least(
    value: object, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        arguments.number_in(value, "it", least=2)


def test_an_instant_with_a_time_zone_is_taken() -> None:
    instant = datetime(2026, 11, 23, tzinfo=UTC)

    assert arguments.instant_in(instant) is instant


def test_a_text_is_not_written_for_another_thing() -> None:
    with pytest.raises(InvalidEvent, match="a type is a int, not a text"):
        arguments.plain_text(1, "a type")


@pytest.mark.parametrize("bounds", [(0, 0, 0), (1, None, None), (0, 5, None)])
def test_bounds_of_a_read_may_be_left_out(bounds: tuple[Any, Any, Any]) -> None:
    arguments.refuse_bounds(*bounds)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ((-1, None, None), "from_version is 0 or more, not -1"),
        ((0, -1, None), "to_version is 0 or more, not -1"),
        ((0, None, -1), "limit is 0 or more, not -1"),
    ],
)
def test_bounds_of_a_read_are_not_below_0(
    bounds: tuple[Any, Any, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        arguments.refuse_bounds(*bounds)


@pytest.mark.parametrize(
    ("value", "is_one"), [(0, True), (Number.TWO, True), (True, False), (1.0, False)]
)
def test_a_bool_is_no_number(value: object, is_one: bool) -> None:  # noqa: FBT001
    assert arguments.is_number(value) is is_one

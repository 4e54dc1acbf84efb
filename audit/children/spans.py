"""From when to when, and the steps in which a strip shows that: days of a calendar, whichever clock it goes by. Pure.

A day is what the clock on the wall calls one: 23, 24 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HOUR: Final = timedelta(hours=1)
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(9998, 12, 31)


class Unit(StrEnum):
    """How long a step of the strip is."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant, included, to another, which is not."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Strip:
    """A span in steps: each begins where the one before it ends."""

    unit: Unit
    steps: Sequence[Span]

    @property
    def edges(self) -> list[datetime]:
        """Where steps begin, and where the last one ends."""
        return [step.start for step in self.steps] + [self.steps[-1].end]


def midnight(day: date, zone: tzinfo) -> datetime:
    """When the day begins there, as an instant. Where the clock skips midnight, the first instant behind it."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    return local.astimezone(UTC)


def days(first: date, last: date, zone: tzinfo) -> Span:
    """From the beginning of the first day to the end of the last one. Raises ValueError if that is before."""
    if last < first or first < FIRST_DAY or last > LAST_DAY:
        msg = "the first day is not behind the last one, and the years are 1970 to 9998"
        raise ValueError(msg)
    return Span(midnight(first, zone), midnight(last + timedelta(days=1), zone))


def strip(span: Span, zone: tzinfo, *, most: int) -> Strip:
    """The span's whole units, of the shortest kind of which there are no more than so many; years, however many."""
    for unit in (Unit.HOUR, Unit.DAY, Unit.MONTH):
        if _at_least(span, unit) <= most:
            steps = list(_steps(span, unit, zone))
            if len(steps) <= most:
                return Strip(unit, steps)
    return Strip(Unit.YEAR, list(_steps(span, Unit.YEAR, zone)))


_LONGEST: Final = {
    Unit.HOUR: _HOUR,
    Unit.DAY: timedelta(hours=25),
    Unit.MONTH: timedelta(days=32),
}


def _at_least(span: Span, unit: Unit) -> int:
    """So that nobody makes a million hours only to throw them away."""
    return int((span.end - span.start) / _LONGEST[unit])


def _steps(span: Span, unit: Unit, zone: tzinfo) -> Iterator[Span]:
    start = _begin(span.start, unit, zone)
    while True:
        end = _next(start, unit, zone)
        yield Span(start, end)
        if end >= span.end:
            return
        start = end


def _begin(at: datetime, unit: Unit, zone: tzinfo) -> datetime:
    """Where the unit begins in which the instant is."""
    local = at.astimezone(zone)
    if unit is Unit.HOUR:
        into = timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        return at.astimezone(UTC) - into
    day = local.date()
    if unit is Unit.MONTH:
        day = day.replace(day=1)
    elif unit is Unit.YEAR:
        day = day.replace(month=1, day=1)
    return midnight(day, zone)


def _next(start: datetime, unit: Unit, zone: tzinfo) -> datetime:
    """An hour later by the clock of the world; of the others the next one's midnight there."""
    if unit is Unit.HOUR:
        return start + _HOUR
    day = start.astimezone(zone).date()
    if unit is Unit.DAY:
        day += timedelta(days=1)
    elif unit is Unit.MONTH:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        day = day.replace(year=day.year + 1, month=1, day=1)
    return midnight(day, zone)

"""A strip's steps follow each other without a gap, and a day is what the clock on the wall calls one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.children.spans import Span, Unit, days, midnight, strip

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "America/Havana"]
).map(ZoneInfo)
INSTANTS = st.datetimes(
    datetime(1970, 1, 3),  # noqa: DTZ001  (the zone is given beside it)
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 10, 25), 25),
        (date(2026, 3, 29), 23),
        (date(2026, 6, 14), 24),
    ],
)
def test_a_day_has_the_hours_that_the_clock_gives_it(day: date, hours: int) -> None:
    span = days(day, day, BERLIN)

    assert span.end - span.start == hours * HOUR
    found = strip(span, BERLIN, most=31)
    assert (found.unit, len(found.steps)) == (Unit.HOUR, hours)
    assert span.start.astimezone(BERLIN).hour == 0
    utc = days(day, day, UTC_ZONE)
    assert utc.end - utc.start == 24 * HOUR


def test_the_hour_that_comes_twice_is_two_steps() -> None:
    span = days(date(2026, 10, 25), date(2026, 10, 25), BERLIN)

    hours = [s.start.astimezone(BERLIN) for s in strip(span, BERLIN, most=31).steps]

    twice = [(at.hour, at.utcoffset()) for at in hours if at.hour == 2]
    assert twice == [(2, 2 * HOUR), (2, HOUR)]


def test_where_a_clock_skips_midnight_the_day_begins_behind_it() -> None:
    havana = ZoneInfo("America/Havana")  # at 0:00 it is 1:00

    assert midnight(date(2026, 3, 8), havana).astimezone(havana).hour == 1
    span = days(date(2026, 3, 8), date(2026, 3, 8), havana)
    assert span.end - span.start == 23 * HOUR


@given(INSTANTS, st.timedeltas(timedelta(seconds=1), timedelta(days=9_000)), ZONES)
def test_steps_cover_the_span_without_gap_and_are_no_more_than_asked(
    start: datetime, length: timedelta, zone: ZoneInfo
) -> None:
    span = Span(start, start + length)

    found = strip(span, zone, most=36)

    edges = found.edges
    assert edges == sorted(set(edges))
    assert found.steps[0].start <= span.start < found.steps[0].end
    assert found.steps[-1].start < span.end <= found.steps[-1].end
    assert found.unit is Unit.YEAR or len(found.steps) <= 36
    if found.unit is not Unit.HOUR:
        assert {e.astimezone(zone).date() for e in edges} == {
            day for e in edges if midnight(day := e.astimezone(zone).date(), zone) == e
        }


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 2), date(2026, 1, 1)),
        (date(1969, 12, 31), date(2026, 1, 1)),
        (date(2026, 1, 1), date(9999, 1, 1)),
    ],
)
def test_what_is_no_span_is_refused(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="1970 to 9998"):
        days(first, last, UTC_ZONE)


def test_the_last_day_is_in_the_span_and_the_next_is_not() -> None:
    span = days(date(2026, 6, 1), date(2026, 6, 30), UTC_ZONE)

    assert datetime(2026, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC) in span
    assert datetime(2026, 7, 1, tzinfo=UTC) not in span

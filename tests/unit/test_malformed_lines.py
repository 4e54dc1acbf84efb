"""Malformed records: each is counted, and a flood of them is a line a minute and partition, with how many had none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.events import Malformed, Place
from eventstore.indexer.malformed import MalformedLines
from eventstore.protocol.fold import Entry, Folded, Judged, Verdict
from tests.support.clocks import MovableClock, StillClock

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE, OTHER = Place("eventstore.order", 0), Place("eventstore.order", 1)

Told = tuple[str, int, int]  # place, offset, how many had no line


def malformed(*offsets: int) -> Folded:
    return Folded(
        [
            Judged(
                Entry(n, 0, None, None, Malformed("not_json")),
                0,
                Verdict.MALFORMED,
                reason="not_json",
            )
            for n in offsets
        ],
        1,
        0,
    )


def counted() -> float:
    return float(metrics.MALFORMED.labels("not_json")._value.get())


def told(do: Callable[[], None]) -> list[Told]:
    with capture_logs() as logs:
        do()
    lines: list[Any] = list(logs)
    assert all(line["action"] == "record-malformed" for line in lines)
    assert all(line["log_level"] == "warning" for line in lines)
    assert all(line["reason"] == "not_json" for line in lines)
    return [(line["place"], line["offset"], line["untold"]) for line in lines]


@pytest.fixture
def clock() -> MovableClock:
    return StillClock()


@pytest.fixture
def lines(clock: MovableClock) -> MalformedLines:
    return MalformedLines(clock)


def test_a_flood_has_one_line_and_each_record_is_counted(lines: MalformedLines) -> None:
    before = counted()

    def flood() -> None:
        for n in range(1_000):
            lines.folded(PLACE, malformed(2 * n, 2 * n + 1))

    assert told(flood) == [("eventstore.order/0", 0, 0)]
    assert counted() == before + 2_000


def test_a_minute_later_a_line_says_how_many_had_none(
    lines: MalformedLines, clock: MovableClock
) -> None:
    told(lambda: lines.folded(PLACE, malformed(0, 1, 2)))
    clock.ahead = 60

    assert told(lambda: lines.folded(PLACE, malformed(7))) == [
        ("eventstore.order/0", 7, 2)
    ]
    assert told(lambda: lines.folded(PLACE, malformed(8))) == []


def test_the_last_of_a_flood_is_told_by_what_is_folded_after_it(
    lines: MalformedLines, clock: MovableClock
) -> None:
    told(lambda: lines.folded(PLACE, malformed(0, 1, 2)))
    sooner = told(lambda: lines.folded(PLACE, malformed()))
    clock.ahead = 61

    assert sooner == []
    assert told(lambda: lines.folded(PLACE, malformed())) == [
        ("eventstore.order/0", 2, 1)
    ]


def test_after_a_silent_minute_the_next_is_told_at_once(
    lines: MalformedLines, clock: MovableClock
) -> None:
    told(lambda: lines.folded(PLACE, malformed(0)))
    clock.ahead = 61
    assert told(lambda: lines.folded(PLACE, malformed())) == []

    assert told(lambda: lines.folded(PLACE, malformed(5))) == [
        ("eventstore.order/0", 5, 0)
    ]


def test_a_place_is_silent_from_its_line_until_a_minute_without_any(
    lines: MalformedLines, clock: MovableClock
) -> None:
    before = lines.is_silent(PLACE)
    told(lambda: lines.folded(PLACE, malformed(0)))
    within = lines.is_silent(PLACE)
    clock.ahead = 60
    told(lambda: lines.folded(PLACE, malformed()))

    assert [before, within, lines.is_silent(PLACE)] == [False, True, False]


def test_where_nothing_is_malformed_nothing_is_said(lines: MalformedLines) -> None:
    assert told(lambda: lines.folded(PLACE, malformed())) == []


def test_each_partition_has_its_own_minute(lines: MalformedLines) -> None:
    told(lambda: lines.folded(PLACE, malformed(0)))

    assert told(lambda: lines.folded(OTHER, malformed(3))) == [
        ("eventstore.order/1", 3, 0)
    ]

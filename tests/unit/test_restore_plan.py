"""What is missing of a log, and what cannot be put back, is decided without a log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eventstore.errors import NotRestorable
from eventstore.events import Place
from eventstore.ports import Extent, LogRecord
from eventstore.protocol.hashing import record_hash
from eventstore.upkeep.restore.plan import (
    Mirrored,
    Missing,
    PartitionStatus,
    first_difference,
    first_trouble,
    plan,
)

PLACE = Place("eventstore.order", 0)


def mirrored(offset: int, at: int = 1_000, value: bytes = b"{}") -> Mirrored:
    record = LogRecord(offset, at, b"k", value)
    return Mirrored(record, record_hash(PLACE, offset, at, b"k", value))


def status(
    cursor: int = 5,
    extent: Extent = Extent(0, 3),  # noqa: B008  (frozen)
    *,
    differs: int | None = None,
    gap: int | None = None,
    damaged: int | None = None,
) -> PartitionStatus:
    return PartitionStatus(PLACE, cursor, extent, differs, gap, damaged)


def test_a_missing_tail_is_put_back_from_the_logs_end() -> None:
    assert plan(status()) == Missing(PLACE, 3, 5)


def test_an_empty_log_is_put_back_from_the_beginning() -> None:
    assert plan(status(extent=Extent(0, 0))) == Missing(PLACE, 0, 5)


@pytest.mark.parametrize("end", [5, 9])
def test_nothing_is_missing_of_a_log_that_reaches_the_cursor(end: int) -> None:
    assert not plan(status(extent=Extent(0, end)))


@pytest.mark.parametrize(
    ("found", "offset", "says"),
    [
        (status(extent=Extent(2, 5)), 2, "begins at 2.*delete the topic"),
        (status(extent=Extent(5, 5)), 5, "begins at 5.*delete the topic"),
        (status(differs=0), 0, "something else.*delete the topic"),
        (status(gap=3), 3, "marker.*export_events"),
        (status(damaged=4), 4, "not those that were folded.*backup"),
        (status(differs=1, gap=3), 1, "something else"),
    ],
)
def test_a_refusal_names_the_offset_and_the_way_out(
    found: PartitionStatus, offset: int, says: str
) -> None:
    with pytest.raises(NotRestorable, match=says) as caught:
        plan(found)

    assert caught.value.offset == offset


def test_the_raw_time_may_be_the_folds_or_less() -> None:
    mirror = [mirrored(0, 5_000), mirrored(1, 5_000), mirrored(3, 6_000)]
    ran_back = [m.record for m in mirror]
    ran_back[1] = replace(ran_back[1], recorded_at=4_000)

    assert first_difference(PLACE, ran_back, mirror) is None


@pytest.mark.parametrize(
    ("log", "offset"),
    [
        ([mirrored(0), mirrored(1, value=b"x")], 1),
        ([mirrored(0, 2_000), mirrored(1)], 0),
        ([mirrored(0)], 1),
        ([mirrored(0), mirrored(1), mirrored(2)], 2),
        ([mirrored(1)], 0),
    ],
)
def test_the_first_difference_is_found(log: list[Mirrored], offset: int) -> None:
    found = first_difference(PLACE, [m.record for m in log], [mirrored(0), mirrored(1)])

    assert found == offset


def test_a_mirror_without_gap_and_damage_has_no_trouble() -> None:
    assert first_trouble(PLACE, [mirrored(3), mirrored(4)], 3, 5) == (None, None)


@pytest.mark.parametrize("offsets", [[3, 5], [3, 4], [4, 5], []])
def test_a_gap_is_found_wherever_it_is(offsets: list[int]) -> None:
    gap, damaged = first_trouble(PLACE, map(mirrored, offsets), 3, 6)

    assert gap == min({3, 4, 5} - set(offsets))
    assert damaged is None


def test_bytes_that_were_changed_in_the_mirror_are_found() -> None:
    changed = Mirrored(mirrored(4, value=b"other").record, mirrored(4).hash)

    assert first_trouble(PLACE, [mirrored(3), changed], 3, 5) == (None, 4)

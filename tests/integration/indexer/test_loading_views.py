"""How a view begins, and the next stretch is found: what is compared with the log, and what is said where it does not fit (rule 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import (
    LogMisconfigured,
    LogTruncated,
    LogUnanswered,
    UnknownRuleVersion,
)
from eventstore.indexer.entries import Own, entry_of
from eventstore.indexer.loading import Loader
from eventstore.indexer.reporting import FoldReporter
from eventstore.indexer.session import Session
from eventstore.indexer.view import View
from eventstore.ports import Batch, Extent, LogRecord
from tests.support.worlds import World, changed, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.events import Place


class Told:
    """A log that says what it is told to say."""

    def __init__(self) -> None:
        self.batch: Batch | LogTruncated = Batch((), 0)
        self.extent = Extent(0, 0)
        self.asked: list[int] = []

    def read(self, _place: Place, offset: int) -> Batch:
        self.asked.append(offset)
        if isinstance(self.batch, LogTruncated):
            raise self.batch
        return self.batch

    def extents(self, places: Sequence[Place]) -> dict[Place, Extent]:
        return dict.fromkeys(places, self.extent)


@dataclass
class Loading:
    """A loader on such a log, and a place of one record that is folded."""

    world: World
    session: Session
    log: Told

    def __post_init__(self) -> None:
        self.loader = Loader(self.session)
        stream = self.world.stream()
        self.place = self.world.place(stream)
        self.world.store().append(stream, [changed()], 0)
        [self.record] = self.world.log.read(self.place, 0).records
        self.log.batch = Batch((self.record,), 1)
        self.log.extent = Extent(0, 1)

    def set(self, assignment: str) -> None:
        """In the place's row."""
        partition = self.world.topics.partition_id(self.place)
        sql = f"UPDATE eventstore_partition SET {assignment} WHERE id = %s RETURNING 1"
        assert self.world.query(sql, partition)

    def mirrors_nothing(self) -> None:
        """As after a marker of a transaction: the cursor is behind an offset that holds no record."""
        self.world.query("DELETE FROM eventstore_record RETURNING 1")

    def is_truncated(self) -> LogTruncated:
        with pytest.raises(LogTruncated) as refused:
            self.loader.load(self.place)
        return refused.value


def truncated(found: str = "it ends at 0") -> LogTruncated:
    return LogTruncated("eventstore.order", 0, cursor=0, found=found)


@pytest.fixture
def loading(world: World) -> Iterator[Loading]:
    log, clock = Told(), SystemClock()
    session = Session(
        world.topics, cast("Any", log), connect, clock, FoldReporter(clock)
    )
    yield Loading(world, session, log)
    session.close()


# ---- a view


def test_a_view_stands_at_the_cursor_behind_what_the_log_holds_too(
    loading: Loading,
) -> None:
    view = loading.loader.load(loading.place)

    assert (view.cursor, view.partitions, view.rule_version) == (1, 3, 1)
    assert view.last_recorded_at == loading.record.recorded_at
    assert loading.log.asked == [0]


def test_a_place_of_which_nothing_is_folded_is_not_compared(loading: Loading) -> None:
    place = loading.world.place(loading.world.stream(1))

    assert loading.loader.load(place).cursor == 0
    assert loading.log.asked == []


def test_a_place_without_a_row_is_not_configured(loading: Loading) -> None:
    loading.world.query("DELETE FROM eventstore_partition RETURNING 1")

    with pytest.raises(LogMisconfigured, match="no rows"):
        loading.loader.load(loading.place)


def test_what_newer_code_has_folded_is_left_to_it(loading: Loading) -> None:
    loading.set("rule_version = 2")

    with pytest.raises(UnknownRuleVersion) as refused:
        loading.loader.load(loading.place)

    assert (refused.value.offset, refused.value.version) == (1, 2)


@pytest.mark.parametrize(
    "changes",
    [{"value": b"{}"}, {"key": b"other"}, {"recorded_at": 4_000_000_000_000}],
    ids=str,
)
def test_another_record_in_its_place_is_found(
    loading: Loading, changes: dict[str, Any]
) -> None:
    fields = {
        n: getattr(loading.record, n) for n in ("offset", "recorded_at", "key", "value")
    }
    loading.log.batch = Batch((LogRecord(**fields | changes),), 1)

    assert (
        loading.is_truncated().found
        == "its offset 0 holds another record than the mirror"
    )


def test_a_later_record_where_there_must_be_one_is_found(loading: Loading) -> None:
    later = LogRecord(1, loading.record.recorded_at, b"k", loading.record.value)
    for batch in (Batch((), 2), Batch((later,), 2)):
        loading.log.batch = batch

        assert loading.is_truncated().found == "its offset 0 holds no record any more"


@pytest.mark.parametrize(
    ("extent", "is_old_end"),
    [((0, 1), True), ((0, 2), True), ((0, 0), False), ((1, 1), False)],
)
def test_an_end_where_there_must_be_a_record_is_looked_at_again(
    loading: Loading, extent: tuple[int, int], *, is_old_end: bool
) -> None:
    loading.log.batch, loading.log.extent = Batch((), 0), Extent(*extent)

    if is_old_end:
        with pytest.raises(LogUnanswered, match="old end"):
            loading.loader.load(loading.place)
    else:
        assert "no record any more" in loading.is_truncated().found


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("start", [-1, 0, 1])
@pytest.mark.parametrize("end", [-1, 0, 1])
def test_a_log_that_is_too_short_is_looked_at_again(
    loading: Loading, start: int, end: int, *, mirrored: bool
) -> None:
    """start, end: of the log, as seen from the offset that must be there."""
    if not mirrored:
        loading.mirrors_nothing()
    offset = 0 if mirrored else 1
    loading.log.batch = truncated()
    loading.log.extent = Extent(offset + start, offset + end)

    if start <= 0 <= end:
        with pytest.raises(LogUnanswered, match="old end"):
            loading.loader.load(loading.place)
    else:
        assert loading.is_truncated().found == "it ends at 0"
    assert loading.log.asked == [offset]


# ---- the next stretch


def next_entries(loading: Loading, *own: int) -> tuple[list[int], int]:
    """Offsets, and the cursor behind them, from offset 1 on."""
    view = View(loading.place, 0, 1, uuid4(), 3, 1, 0)
    value = record(loading.world.stream())
    made = {n: Own(entry_of(LogRecord(n, 0, b"k", value))) for n in own}
    entries, cursor = loading.loader.next_entries(view, made)
    return [entry.offset for entry in entries], cursor


@pytest.mark.parametrize(("own", "found"), [((1,), ([1], 2)), ((1, 2, 4), ([1, 2], 3))])
def test_what_was_produced_here_at_the_cursor_is_not_fetched(
    loading: Loading, own: tuple[int, ...], found: tuple[list[int], int]
) -> None:
    assert next_entries(loading, *own) == found
    assert loading.log.asked == []


def test_all_else_is_fetched(loading: Loading) -> None:
    loading.log.batch = Batch((LogRecord(3, 0, b"k", b"{}"),), 5)

    assert next_entries(loading, 2) == ([3], 5)
    assert loading.log.asked == [1]


def test_markers_alone_move_the_cursor(loading: Loading) -> None:
    loading.log.batch = Batch((), 2)

    assert next_entries(loading) == ([], 2)


def test_a_log_that_does_not_show_the_offset_yet_is_asked_again_later(
    loading: Loading,
) -> None:
    loading.log.batch = Batch((), 1)

    with pytest.raises(LogUnanswered, match="does not show offset 1 yet"):
        next_entries(loading)

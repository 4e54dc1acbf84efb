"""A page that is ended by its bytes, with a limit that falls exactly at a record's end, one before it and one behind."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from eventstore.events import MAX_COMMIT_EVENTS, Cut, pack
from eventstore.protocol.placement import place_of
from eventstore.queries.connection import prepared_cursor
from eventstore.queries.everything import read_after
from eventstore.queries.feed import accepted_between, marks
from eventstore.queries.following import next_records, next_wanted, waiting_records
from eventstore.queries.limits import Pages, Stretch
from eventstore.queries.streams import read_history, read_stream
from eventstore.queries.walking import walk_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from eventstore.events import RecordedEvent
    from tests.support.following import Orders

pytestmark = pytest.mark.usefixtures("transactional_db")

ENOUGH = 10_000  # a reader that never ends is stopped here
EVENTS = (1, 2, 1, 3, 1)  # of each commit
TYPES = ["OrderPlaced", "OrderChanged"]


@pytest.fixture
def stream(orders: Orders) -> str:
    """A stream of some commits of different lengths."""
    orders.place("a", EVENTS[0])
    for count in EVENTS[1:]:
        orders.change_often("a", count)
    return orders.stream("a")


def lengths() -> list[int]:
    """Of the records, in bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT octet_length(value) FROM eventstore_record WHERE verdict = 1 ORDER BY position"
        )
        return [row[0] for row in cursor.fetchall()]


def borders(found: Sequence[int]) -> Iterator[int]:
    """Sizes at which a page has just room for the first records, the first two, …, and one byte less and more."""
    for end in range(1, len(found) + 1):
        yield from (sum(found[:end]) + more for more in (-1, 0, 1))


def fit(found: Sequence[int], size: int) -> int:
    """Records of a page: as long as those before are less than the size; the first always."""
    return sum(1 for n in range(len(found)) if n == 0 or sum(found[:n]) < size)


def versions(events: Iterator[RecordedEvent]) -> list[int]:
    return [event.metadata.version for event in islice(events, ENOUGH)]


@pytest.mark.parametrize("reader", ["all", "some", "parked"])
def test_a_followers_page_ends_with_the_record_that_fills_it(
    orders: Orders, stream: str, reader: str
) -> None:
    place = place_of(stream, orders.store.topics.partitions)
    partition = orders.store.topics.numbers[place.topic], place.partition
    start, end = pack(*partition, 0), pack(*partition, len(EVENTS))
    sizes = lengths()

    for size in borders(sizes):
        pages = Stretch(100, size)
        with prepared_cursor() as cursor:
            rows: list[Any]
            if reader == "parked":
                rows = waiting_records(cursor, stream, 1, end, most=100, pages=pages)
            elif reader == "all":
                rows, _ = next_records(cursor, start, end, most=100, pages=pages)
            else:
                rows, _ = next_wanted(
                    cursor, start, end, types=TYPES, most=100, pages=pages
                )
        assert len(rows) == fit(sizes, size), size


@pytest.mark.parametrize("most", range(1, 9))
def test_a_followers_page_ends_with_the_commit_that_has_its_last_event(
    orders: Orders, stream: str, most: int
) -> None:
    place = place_of(stream, orders.store.topics.partitions)
    partition = orders.store.topics.numbers[place.topic], place.partition
    start, end = pack(*partition, 0), pack(*partition, len(EVENTS))

    with prepared_cursor() as cursor:
        pages = Stretch(100, 10**6)
        rows, _ = next_records(cursor, start, end, most=most, pages=pages)
        given: dict[str, Any] = {"types": TYPES, "most": most, "pages": pages}
        wanted, _ = next_wanted(cursor, start, end, **given)

    assert len(rows) == len(wanted) == fit(EVENTS, most)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_stream_is_read_to_its_end_though_pages_end_by_size(
    stream: str, *, backwards: bool
) -> None:
    sizes = lengths()
    there = list(range(1, sum(EVENTS) + 1))
    for size in borders(sizes[::-1] if backwards else sizes):
        for rows in range(1, 7):
            pages = Pages(rows, rows, size)
            with prepared_cursor() as cursor:
                found = versions(
                    read_stream(cursor, stream, backwards=backwards, pages=pages)
                )
                history = read_history(cursor, stream, first=1, last=None, pages=pages)
                count = sum(1 for _ in islice(history, ENOUGH))
            assert found == (there[::-1] if backwards else there), pages
            assert count == len(there), pages


@pytest.mark.parametrize(
    "reader", ["by time", "by time, few looked at", "by partition"]
)
def test_everything_is_read_to_its_end_though_pages_end_by_size(
    orders: Orders, stream: str, reader: str
) -> None:
    orders.place("b", 2)
    orders.change("b")
    topics, wanted = list(orders.store.topics.numbers), sorted(map(str, _all(orders)))
    length = lengths_by_commit()
    for size, limit in product(borders(lengths()), (1, 2, 3, 100)):
        found: list[RecordedEvent] = []
        cut = Cut()
        for _ in range(ENOUGH):
            with prepared_cursor() as cursor:
                given = cursor, cut, topics, limit
                if reader == "by partition":
                    events, cut = walk_after(*given, size=size)
                else:
                    rows = 100 if reader == "by time" else 1
                    events, cut = read_after(*given, stretch=Stretch(rows, size))
            if not events:
                break
            found += events
            commits = {event.commit_id for event in events}
            assert len(commits) == 1 or sum(length[one] for one in commits) <= size
        assert sorted(map(str, found)) == wanted, (size, limit)
    assert stream


def lengths_by_commit() -> dict[UUID, int]:
    """Of the records, in bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT commit_id, octet_length(value) FROM eventstore_record")
        return dict(cursor.fetchall())


def test_the_feed_is_read_to_its_end_though_pages_end_by_size(
    orders: Orders, stream: str
) -> None:
    seen, wanted = marks(orders.store.topics.numbers.keys()), _all(orders)

    for size in borders(lengths()):
        found = accepted_between(Cut(), seen, pages=Stretch(100, size))
        assert list(islice(found, ENOUGH)) == wanted, size
    assert stream


def _all(orders: Orders) -> list[RecordedEvent]:
    return list(accepted_between(Cut(), marks(orders.store.topics.numbers.keys())))


@pytest.mark.parametrize("backwards", [False, True])
def test_the_longest_commits_are_read_from_each_of_their_events(
    orders: Orders, *, backwards: bool
) -> None:
    longest = MAX_COMMIT_EVENTS
    orders.place("a", longest)
    orders.change_often("a", longest)
    orders.change("a")
    stream, head = orders.stream("a"), 2 * longest + 1

    for first in (1, 2, longest - 1, longest, longest + 1, longest + 2, head - 1, head):
        for last in (first, head):
            found = versions(
                orders.store.read(stream, first, last, backwards=backwards)
            )
            there = list(range(first, last + 1))
            assert found == (there[::-1] if backwards else there), (first, last)


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_each_version_is_found_in_the_longest_commits_that_there_may_be(
    orders: Orders, longest: int
) -> None:
    orders.place("a", longest)
    for _ in range(3):
        orders.change_often("a", longest)
    stream, head = orders.stream("a"), 4 * longest
    pages = Pages(2, 2, longest=longest)

    for first in range(1, head + 1):
        with prepared_cursor() as cursor:
            found = versions(
                read_stream(cursor, stream, first=first, backwards=True, pages=pages)
            )
            [waiting, *_] = waiting_records(
                cursor, stream, first, 2**62, most=9, longest=longest
            )
        assert found == list(range(head, first - 1, -1)), first
        assert waiting[2] <= first < waiting[2] + waiting[4]

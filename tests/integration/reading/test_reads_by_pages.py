"""A stream that is read by pages of any size is the list of its events: no commit twice, none left out, and an end."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from eventstore.errors import VerificationFailed
from eventstore.events import MAX_COMMIT_BYTES, NewEvent
from eventstore.queries.connection import prepared_cursor
from eventstore.queries.limits import Pages
from eventstore.queries.streams import read_history, read_stream
from eventstore.testing.shop import OrderPlaced
from tests.support.worlds import WITHOUT_TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.store import EventStore

ENOUGH = 10_000  # events: a read that is never done ends here


def a_stream(store: EventStore, commits: Sequence[int], *, size: int = 0) -> str:
    """The id of a stream of commits with so many events each, and so many bytes in each event."""
    topic = next(iter(store.topics.numbers))
    stream = f"{topic.removeprefix('eventstore.')}.{uuid4()}"
    head, futures = 0, []
    for count in commits:
        events = [
            NewEvent(OrderPlaced(customer_id=str(head + n + 1), remark="x" * size))
            for n in range(count)
        ]
        futures.append(store.submit(stream, events, head))
        head += count
    assert [future.result(120).last_version for future in futures][-1] == head
    return stream


def versions(events: Iterable[Any]) -> list[int]:
    """Of recorded events."""
    return [event.metadata.version for event in islice(events, ENOUGH)]


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_a_stream_whose_commits_fill_the_first_page_ends_with_its_head(
    embedded_store: EventStore, beyond: int
) -> None:
    count = Pages().first + beyond
    stream = a_stream(embedded_store, [1] * count)

    assert versions(embedded_store.read(stream)) == list(range(1, count + 1))
    assert len(list(islice(embedded_store.history(stream), ENOUGH))) == count


def test_large_commits_that_fill_a_page_are_read_once(
    embedded_store: EventStore,
) -> None:
    size = (
        MAX_COMMIT_BYTES * 74 // 100
    )  # sealed, and so in base64, it is nearly all that a record may have
    for count in range(1, 7):
        stream = a_stream(embedded_store, [1] * count, size=size)

        assert versions(embedded_store.read(stream)) == list(range(1, count + 1))


@pytest.mark.parametrize("limit", [1, 2, 3, None])
def test_a_read_behind_the_head_ends(
    embedded_store: EventStore, limit: int | None
) -> None:
    stream = a_stream(embedded_store, [1, 3, 1])

    for first in (6, 7, 1_000, 2**31 - 1, 2**31, 2**70):
        for backwards in (False, True):
            found = embedded_store.read(stream, first, backwards=backwards, limit=limit)
            assert versions(found) == []
        assert list(embedded_store.history(stream, first)) == []


@pytest.mark.parametrize("backwards", [False, True])
def test_pages_of_every_size_give_the_same_events(
    embedded_store: EventStore, *, backwards: bool
) -> None:
    commits = [1, 3, 1, 2, 4, 1]
    stream, head = a_stream(embedded_store, commits), sum(commits)
    borders = [(1, None), (1, 12), (2, 11), (3, 7), (4, 4), (5, 5), (8, 99), (12, 12)]
    sizes = product([1, 2, 3, 5], [1, 2, 3, 5], [1, 700, 10**6])

    for first, rows, size in sizes:
        pages = Pages(first, rows, size)
        for start, end in borders:
            with prepared_cursor() as cursor:
                found = versions(
                    read_stream(
                        cursor,
                        stream,
                        first=start,
                        last=end,
                        backwards=backwards,
                        pages=pages,
                    )
                )
                history = read_history(
                    cursor, stream, first=start, last=end, pages=pages
                )
                count = sum(1 for _ in islice(history, ENOUGH))
            wanted = list(range(start, min(end or head, head) + 1))
            assert found == (wanted[::-1] if backwards else wanted), (pages, start, end)
            assert count == len(wanted), (pages, start, end)


def test_a_row_that_says_more_events_than_it_holds_is_not_read_for_ever(
    embedded_store: EventStore,
) -> None:
    stream = a_stream(embedded_store, [1])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WITHOUT_TRIGGERS)
        cursor.execute(
            "UPDATE eventstore_record SET event_count = 2 WHERE stream_id = %s",
            [stream],
        )

    with prepared_cursor() as cursor, pytest.raises(VerificationFailed):
        list(read_stream(cursor, stream, pages=Pages(1, 1)))

"""Lists for people: their order, their filters, and the way from page to page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.queries import browse
from eventstore.queries.browse import EventFilter, EventRow
from eventstore.queries.keyset import BadCursor, Page, Wanted
from tests.plugins.mirrored import START, Mirrored, an_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def walk(read: Callable[[Wanted], Page[Any]], size: int) -> list[Any]:
    """All rows, page by page, and the same way back."""
    pages: list[Sequence[Any]] = []
    after = None
    while True:
        found = read(Wanted(after=after, size=size))
        pages.append(found.rows)
        after = found.next
        if after is None:
            break
    for expected in reversed(pages[:-1]):
        assert found.previous is not None
        found = read(Wanted(before=found.previous, size=size))
        assert found.rows == expected
    assert found.previous is None
    return [row for rows in pages for row in rows]


def test_streams_stand_newest_first_and_each_once(mirrored: Mirrored) -> None:
    for n in range(11):
        mirrored.commit(f"conversation.conv-{n}")
    mirrored.commit("conversation.conv-3")

    rows = walk(lambda wanted: browse.streams(wanted), 4)

    assert [row.stream_id for row in rows] == [
        f"conversation.conv-{n}" for n in range(10, -1, -1)
    ]
    assert {row.version for row in rows if row.stream_id.endswith("-3")} == {2}


def test_streams_of_one_type_only(mirrored: Mirrored) -> None:
    mirrored.commit("parent.p-1")
    mirrored.commit("conversation.c-1")

    rows = walk(lambda wanted: browse.streams(wanted, type_name="parent"), 4)

    assert [row.stream_id for row in rows] == ["parent.p-1"]


def test_a_streams_events_go_both_ways(mirrored: Mirrored) -> None:
    mirrored.commits(9)
    mirrored.commit("conversation.other")

    rising = walk(lambda w: browse.stream_events("conversation.conv-1", w), 4)
    falling = walk(
        lambda w: browse.stream_events_backwards("conversation.conv-1", w), 4
    )

    assert [row.version for row in rising] == list(range(1, 10))
    assert falling == rising[::-1]


def test_events_stand_newest_first_also_within_one_instant(mirrored: Mirrored) -> None:
    mirrored.commit("conversation.a", *(an_event() for _ in range(7)))
    mirrored.commit("parent.b", *(an_event("ParentRegistered") for _ in range(3)))

    rows = walk(lambda wanted: browse.events(wanted, EventFilter()), 4)

    assert [(row.stream_id, row.version) for row in rows] == [
        *(("parent.b", n) for n in (3, 2, 1)),
        *(("conversation.a", n) for n in range(7, 0, -1)),
    ]


def among(**wanted: Any) -> list[EventRow]:
    return walk(lambda page: browse.events(page, EventFilter(**wanted)), 3)


def test_events_by_what_they_have_in_common(mirrored: Mirrored) -> None:
    correlation, cause = uuid4(), uuid4()
    mirrored.commits(3)
    mirrored.commit(
        "parent.p", an_event("ParentRegistered", correlation_id=correlation)
    )
    mirrored.commit("parent.p", an_event("ConsentGranted", causation_id=cause))

    assert [row.event_type for row in among(event_type="ConsentGranted")] == [
        "ConsentGranted"
    ]
    assert [row.correlation_id for row in among(correlation_id=correlation)] == [
        correlation
    ]
    assert [row.causation_id for row in among(causation_id=cause)] == [cause]
    assert among(event_type="ConsentGranted", correlation_id=correlation) == []


def test_a_time_range_takes_its_start_and_leaves_its_end(mirrored: Mirrored) -> None:
    mirrored.commits(5)  # recorded 1 to 5 seconds after START

    rows = among(
        recorded_from=START + timedelta(seconds=2),
        recorded_to=START + timedelta(seconds=4),
    )

    assert [row.version for row in rows] == [3, 2]


def test_an_event_id_finds_its_event_in_every_stream_that_has_it(
    mirrored: Mirrored,
) -> None:
    event = an_event()
    mirrored.commit("conversation.a", event)
    mirrored.commit("conversation.b", event)

    rows = browse.with_event_id(event.event_id)

    assert [row.stream_id for row in rows] == ["conversation.a", "conversation.b"]


@pytest.mark.parametrize(
    "stream_id", ["conversation.none", "a\x00b", "é" * 9, "", "x" * 500]
)
def test_a_stream_that_is_not_there_is_none(mirrored: Mirrored, stream_id: str) -> None:
    assert browse.stream(stream_id) is None


def test_the_cursor_of_another_list_is_refused(mirrored: Mirrored) -> None:
    mirrored.commits(3)
    cursor = browse.stream_events("conversation.conv-1", Wanted(size=1)).next

    with pytest.raises(BadCursor):
        browse.events(Wanted(after=cursor), EventFilter())

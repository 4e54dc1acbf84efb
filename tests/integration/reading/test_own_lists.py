"""Lists over some streams alone, against all that there is, sorted and cut by hand."""

from __future__ import annotations

from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.errors import IndexRebuilt
from eventstore.events import Position
from eventstore.models import Event, Stream
from eventstore.queries.browse import EventFilter
from eventstore.queries.keyset import BadCursor, Wanted
from eventstore.queries.own import own_events, own_streams
from eventstore.queries.picked import events_at, first_commits, first_events
from tests.plugins.mirrored import Mirrored, an_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.queries.browse import EventRow
    from eventstore.queries.keyset import Page

TYPES = ("ConversationStarted", "ConversationEnded")


class AtTheSameTime(Mirrored):
    """Several commits may be recorded at one instant."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance = chance

    def commit(
        self, stream_id: str = "", *events: Any, **rest: Any
    ) -> Sequence[Position]:
        """See `Mirrored`."""
        before = self.now
        found = super().commit(stream_id, *events, **rest)
        if self._chance.random() < 0.5:
            self.now = before
        return found


@pytest.fixture
def world(db: None) -> list[str]:
    """Twelve streams that grow at the same time; their names."""
    del db
    chance = Random(1)  # noqa: S311  (to be repeated)
    mirrored = AtTheSameTime(chance)
    names = [f"conversation.c-{n}" for n in range(10)] + ["child.c-1", "parent.p-1"]
    for _ in range(40):
        events = [
            an_event(chance.choice(TYPES)) for _ in range(chance.choice((1, 1, 3)))
        ]
        mirrored.commit(chance.choice(names[: chance.randint(1, 12)]), *events)
    return names


def all_pages(ask: Callable[[Wanted], Page[Any]], size: int) -> list[Any]:
    """Page by page to the end."""
    rows: list[Any] = []
    after = None
    for pages in count():
        assert pages <= 200
        page = ask(Wanted(after=after, size=size))
        assert len(page.rows) <= size
        rows += page.rows
        after = page.next
        if after is None:
            return rows
    raise AssertionError


def by_hand(own: Sequence[str], **among: Any) -> list[UUID]:
    found = Event.objects.filter(stream_id__in=own, **among)
    return list(
        found.order_by("-recorded_at", "-position").values_list("event_id", flat=True)
    )


def _own_events(
    own: Sequence[str], among: EventFilter, wanted: Wanted
) -> Page[EventRow]:
    return own_events(own, wanted, among)


def ids(rows: Sequence[EventRow]) -> list[UUID]:
    return [row.event_id for row in rows]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1_000])
@pytest.mark.parametrize("few", [0, 1, 2, 5, 12])
def test_events_of_some_streams_are_those_of_the_list_of_all(
    world: list[str], size: int, few: int
) -> None:
    own = Random(few).sample(world, few)  # noqa: S311  (to be repeated)
    times = list(
        Event.objects.order_by("position").values_list("recorded_at", flat=True)
    )
    middle: datetime = times[len(times) // 2]
    for said, among in (
        ({}, {}),
        ({"event_type": TYPES[0]}, {"event_type": TYPES[0]}),
        ({"recorded_from": middle}, {"recorded_at__gte": middle}),
        ({"recorded_to": middle}, {"recorded_at__lt": middle}),
        ({"recorded_from": middle, "recorded_to": middle}, {"event_type": ""}),
    ):
        ask = partial(_own_events, own, EventFilter(**said))
        rows = all_pages(ask, size)

        assert ids(rows) == by_hand(own, **among), said


def test_events_of_a_correlation_and_a_cause_are_found_in_ones_own_streams(
    mirrored: Mirrored,
) -> None:
    first, other = an_event(), an_event()
    story = first.event_id
    mirrored.commit("conversation.a", first)
    mirrored.commit(
        "conversation.b", an_event(correlation_id=story, causation_id=story)
    )
    mirrored.commit("conversation.c", an_event(correlation_id=story), other)
    own = ["conversation.b", "conversation.c"]

    for among, found in (
        (EventFilter(correlation_id=story), [1, 1]),
        (EventFilter(causation_id=story), [1]),
        (EventFilter(event_type="ConversationStarted"), [2, 1, 1]),
    ):
        rows = own_events(own, Wanted(), among).rows
        assert [row.version for row in rows] == found
        assert {row.stream_id for row in rows} <= set(own)


@pytest.mark.parametrize("size", [1, 2])
def test_events_that_only_an_old_stream_has_are_found_behind_many_newer_ones(
    mirrored: Mirrored, size: int
) -> None:
    own = [f"conversation.c-{n}" for n in range(6)]
    mirrored.commit(own[0], an_event(TYPES[1]))
    for name in own[1:]:
        mirrored.commit(name, an_event(TYPES[0]))

    [found] = own_events(own, Wanted(size=size), EventFilter(TYPES[1])).rows

    assert found.stream_id == own[0]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_streams_that_ended_at_one_instant_hide_no_earlier_ones(
    mirrored: Mirrored, size: int
) -> None:
    own = [f"conversation.c-{n}" for n in range(8)]
    mirrored.commit(own[0])
    mirrored.commit(own[1])
    now = mirrored.now
    for name in own[2:]:
        mirrored.now = now
        mirrored.commit(name)

    rows = all_pages(partial(_own_events, own, EventFilter()), size)

    assert ids(rows) == by_hand(own)
    assert len(rows) == 8


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_some_streams_are_listed_newest_first(world: list[str], size: int) -> None:
    own = [*world[3:9], *world[3:9], "conversation.none"]
    listed = Stream.objects.filter(stream_id__in=own)
    expected = list(
        listed.order_by("-first_recorded_at", "-stream_id").values_list(
            "stream_id", flat=True
        )
    )

    rows = all_pages(lambda wanted: own_streams(own, wanted), size)

    assert [row.stream_id for row in rows] == expected
    of_a_type = own_streams(["child.c-1", *own], Wanted(), type_name="child").rows
    assert {row.stream_id for row in of_a_type} <= {"child.c-1"}


def test_a_cursor_that_no_list_gave_is_refused(mirrored: Mirrored) -> None:
    for ask in (
        lambda wanted: own_streams(["conversation.a"], wanted),
        lambda wanted: own_events(["conversation.a"], wanted, EventFilter()),
    ):
        with pytest.raises(BadCursor):
            ask(Wanted(after="damaged"))


@pytest.mark.parametrize("size", [1, 700, 4_000_000])
def test_events_are_read_by_their_places_as_far_as_they_fit(
    mirrored: Mirrored, size: int
) -> None:
    mirrored.commits(3)
    places = list(mirrored.commit("conversation.b", *[an_event() for _ in range(3)]))
    wanted = [places[2], places[0], *mirrored.commit("conversation.conv-1")]

    found = events_at(wanted, size=size)

    positions = [event.position for event in found]
    assert positions == wanted[: len(positions)]
    assert len(positions) >= 2  # of one record
    assert size < 4_000_000 or len(positions) == 3
    assert events_at([]) == []


def test_a_place_that_holds_nothing_any_more_is_no_empty_page(
    mirrored: Mirrored,
) -> None:
    mirrored.commits(1)
    [place] = mirrored.commit("conversation.b")

    with pytest.raises(IndexRebuilt):
        events_at([Position(place.topic, place.partition, place.offset + 7)])


def test_what_has_begun_since_is_found_with_its_first_commit(
    mirrored: Mirrored,
) -> None:
    names = [f"conversation.c-{n}" for n in range(3)]
    for name in (*names, *names):
        mirrored.commit(name, an_event(), an_event())
    begun = {e.metadata.stream_id: e.recorded_at for e in first_events(names)}
    since = sorted(begun.values())[1]

    found = list(first_commits([*names, "conversation.none"], since))

    wanted = sorted(name for name, at in begun.items() if at >= since)
    assert sorted(one[0].metadata.stream_id for one in found) == wanted
    assert all([e.metadata.version for e in one] == [1, 2] for one in found)
    assert list(first_commits([], since)) == []


def test_the_first_events_of_streams_are_found(mirrored: Mirrored) -> None:
    names = [f"conversation.c-{n}" for n in range(3)]
    for name in (*names, *names):
        mirrored.commit(name, an_event(), an_event())

    found = list(first_events([*names, "conversation.none"]))

    assert sorted(one.metadata.stream_id for one in found) == names
    assert {one.metadata.version for one in found} == {1}

"""A page of a child's axis, held against a plain reading of all its streams' events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from audit.children.axis import LANES, Asked, Clock, counts, ends, facts
from audit.children.spans import Span, strip
from eventstore.queries.keyset import BadCursor, Wanted, cursor
from eventstore.queries.positions import packed_of
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import ChildSpoke
from teddy_es.domain.privacy import HoldPlaced
from teddy_es.domain.violations import SafetyViolationAcknowledged
from tests.support.families import Families, handle

if TYPE_CHECKING:
    from collections.abc import Sequence

START = datetime(2026, 6, 1, tzinfo=UTC)
EVER = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
UTC_ZONE = ZoneInfo("UTC")
LANE_OF = {
    "child": {"ChildRegistered": "change", "ChildProfileUpdated": "change"},
    "parent": {"ConsentGranted": "consent", "ConsentWithdrawn": "consent"},
    "privacy": {"HoldPlaced": "privacy"},
}


@dataclass(frozen=True)
class Point:
    """What the model makes of an event."""

    lane: str
    happened: datetime
    recorded: datetime
    place: int


def lived(families: Families, chance: Random, child: str, steps: int) -> None:
    """A life in which all kinds of things happen, some of them told late."""
    about = {"violation_id": "v-0", "officer": "o-1"}
    happenings: Sequence[tuple[str, Any]] = (
        (f"child.{child}", ChildProfileUpdated(changes={"name": "M"})),
        (f"child.{child}", SafetyViolationAcknowledged(**about)),
        (f"privacy.{child}", HoldPlaced(hold_id="h", scope="all", clause="c")),
    )
    families.registers(child, "p-1")
    for n in range(steps):
        at = START + timedelta(hours=chance.randrange(24 * 60))
        which = chance.randrange(6)
        if which < len(happenings):
            stream_id, event = happenings[which]
            families.happens(stream_id, event, occurred_at=at)
        elif which == 3:
            families.allows("p-1", child, policy=str(n))
        elif which == 4:
            families.talks(f"t-{child}-{n}", child, "Hello")
        else:
            families.looks(f"o-{n % 3}", child)


def model(families: Families, child: str) -> list[Point]:
    """All events of the store, read through from the first on."""
    found: dict[tuple[str, Any], Point] = {}
    cut = None
    while True:
        events, cut = families.store.read_all(cut, limit=1_000)
        if not events:
            return list(found.values())
        for one in events:
            about, said = one.metadata, one.data
            kind, _, own = about.stream_id.partition(".")
            stands = packed_of(one.position)
            point = Point("", about.timestamp, one.recorded_at, stands)
            if kind == "access" and child in said["subjects"]:
                day = one.recorded_at.replace(hour=0, minute=0, second=0, microsecond=0)
                days = (day - datetime(1970, 1, 1, tzinfo=UTC)).days
                found["view", day] = Point("view", day, day, days)
            elif kind == "conversation" and said["child_id"] == child:
                key = ("talk", own)
                found.setdefault(
                    key, Point("conversation", point.happened, point.recorded, stands)
                )
            elif child in (own, said.get("child_id")):
                lane = LANE_OF[kind].get(about.event_type, "violation")
                if about.event_type not in {"KeyMinted"}:
                    found[kind, stands] = Point(
                        lane, point.happened, point.recorded, stands
                    )


def ordered(points: list[Point], clock: Clock, span: Span, lanes: Any) -> list[int]:
    def at(point: Point) -> datetime:
        return point.happened if clock is Clock.HAPPENED else point.recorded

    within = [p for p in points if at(p) in span and p.lane in lanes]
    return [p.place for p in sorted(within, key=lambda p: (at(p), p.place))[::-1]]


def walked(asked: Asked, size: int) -> tuple[list[list[int]], list[list[int]]]:
    """All pages onwards, and then all of them back."""
    there, back = [], []
    wanted = Wanted(size=size)
    while True:
        page = facts(asked, wanted)
        there.append([row.position for row in page.rows])
        if page.next is None:
            break
        wanted = Wanted(after=page.next, size=size)
    while page.previous is not None:
        page = facts(asked, Wanted(before=page.previous, size=size))
        back.append([row.position for row in page.rows])
    return there, back


@pytest.mark.parametrize("seed", range(3))
def test_pages_either_way_are_what_a_plain_reading_says(
    families: Families, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311  (to be repeated)
    lived(families, chance, "c-1", 25)
    lived(families, chance, "c-10", 8)  # an id that begins alike
    handle("facts")
    points = model(families, "c-1")

    for clock in Clock:
        for span in (
            EVER,
            Span(START + timedelta(days=10), START + timedelta(days=40)),
        ):
            for lanes in (LANES, ("consent", "view"), ("privacy",)):
                asked = Asked("c-1", span, clock, lanes)
                expected = ordered(points, clock, span, lanes)
                for size in (1, 2, 3, 50):
                    there, back = walked(asked, size)
                    assert [p for page in there for p in page] == expected
                    assert all(len(page) == size for page in there[:-1])
                    if size == 1 or len(there) == 1:
                        assert back == there[-2::-1]
                    if back:
                        assert back[-1] == there[0]


def test_counts_of_a_strip_are_those_of_a_plain_reading(families: Families) -> None:
    lived(families, Random(5), "c-1", 30)  # noqa: S311
    handle("facts")
    points = model(families, "c-1")

    for zone in (UTC_ZONE, ZoneInfo("America/Los_Angeles")):
        for most in (2, 40, 100):
            shown = strip(Span(START, START + timedelta(days=60)), zone, most=most)
            found = counts(Asked("c-1", EVER), shown)
            expected = {
                (lane, n): number
                for lane in LANES
                for n, step in enumerate(shown.steps)
                if (
                    number := sum(p.lane == lane and p.happened in step for p in points)
                )
            }
            assert found == expected


def test_where_the_axis_begins_and_ends(families: Families) -> None:
    assert ends("c-1", Clock.HAPPENED) is None
    families.registers("c-1", "p-1")
    families.happens(
        "child.c-1", ChildProfileUpdated(changes={"name": "M"}), occurred_at=START
    )
    handle("facts")

    found = ends("c-1", Clock.HAPPENED)
    assert found is not None
    assert found[0] == START
    recorded = ends("c-1", Clock.RECORDED)
    assert recorded is not None
    assert recorded[0] > START


def test_a_cursor_leads_to_nothing_outside_of_the_span(families: Families) -> None:
    lived(families, Random(1), "c-1", 10)  # noqa: S311
    handle("facts")
    span = Span(START + timedelta(days=10), START + timedelta(days=40))
    asked = Asked("c-1", span)
    all_of_it = [row.position for row in facts(asked, Wanted()).rows]

    behind = facts(asked, Wanted(after=cursor((EVER.end, 1)), size=50))
    before = facts(asked, Wanted(before=cursor((START, 1)), size=50))

    assert [row.position for row in behind.rows] == all_of_it
    assert [row.position for row in before.rows] == all_of_it
    with pytest.raises(BadCursor):
        facts(asked, Wanted(after="x"))


def test_what_is_said_in_a_conversation_adds_no_page(families: Families) -> None:
    families.talks("t-1", "c-1", "Hello")
    for _ in range(5):
        families.happens("conversation.t-1", ChildSpoke(child_id="c-1", text="I"))
    handle("facts")

    assert len(facts(Asked("c-1", EVER), Wanted()).rows) == 1

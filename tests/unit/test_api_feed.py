"""Who follows misses nothing and sees nothing twice: wherever it stands, however little the ring holds, whatever is restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from eventstore.api.feed.following import Limits
from eventstore.api.feed.ring import Ahead, Behind, Ring, entries_of
from eventstore.errors import DatabaseUnanswered
from eventstore.events import Cut, Place
from tests.support.feeding import (
    TYPES,
    Bound,
    Everybody,
    StillHub,
    a_follower,
    a_store,
    ask,
    grow,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from eventstore.testing.memory import MemoryEventStore


class CoversAll(Bound):
    """All streams, and one person."""

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """All."""
        return frozenset(stream_ids)


OWNS = ("mine", "yours")
SIZES = st.sampled_from([1, 800, 1_200, 10_000])  # bytes; the newest commit always fits
SOME_TYPES = st.sets(st.sampled_from(TYPES), min_size=1)
Seen = tuple[str, int]


class One:
    """A follower of the model: where it stands, and all that it was given."""

    def __init__(self, types: Collection[str], reach: Everybody) -> None:
        self.types, self.reach = types, reach
        self.after = Cut()
        self.seen: list[Seen] = []

    def wants(self, stream_id: str) -> bool:
        """Whether events of a stream are for it."""
        kind = stream_id.partition(".")[0]
        return kind in self.types and bool(self.reach.covers([stream_id]))


class Feed(RuleBasedStateMachine):
    """Followers of all kinds beside appends, turns of the hub, and hubs that are begun anew. The model is the list of what was accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.store = a_store()
        self.accepted: list[Seen] = []
        self.versions: dict[str, int] = {}
        self.ones: list[One] = []

    @initialize(size=SIZES)
    def begin(self, size: int) -> None:
        """An empty store."""
        self.size = size
        self.hub = StillHub(self.store, size)

    @rule(name=st.sampled_from(TYPES), own=st.sampled_from(OWNS), n=st.integers(1, 3))
    def append(self, name: str, own: str, n: int) -> None:
        """Somebody writes."""
        grow(self.store, name, own, n)
        stream = f"{name}.{own}"
        first = self.versions.get(stream, 0) + 1
        self.versions[stream] = first + n - 1
        self.accepted += [(stream, version) for version in range(first, first + n)]

    @rule()
    def turn(self) -> None:
        """The hub reads."""
        self.hub.turn()

    @rule(size=SIZES)
    def restart(self, size: int) -> None:
        """What was in memory is gone."""
        self.hub = StillHub(self.store, size)

    @rule(types=SOME_TYPES, own=st.sampled_from([None, *OWNS]))
    def come(self, types: set[str], own: str | None) -> None:
        """Another follower, from the beginning."""
        self.ones.append(One(types, Everybody() if own is None else Bound(own)))

    @rule(data=st.data(), limit=st.integers(1, 5), looked=st.integers(1, 5))
    def follow(self, data: st.DataObject, limit: int, looked: int) -> None:
        """One of them asks."""
        if self.ones:
            self._ask(data.draw(st.sampled_from(self.ones)), limit, looked)

    def _ask(self, one: One, limit: int, looked: int) -> bool:
        """Whether it came on."""
        before = one.after
        entries, one.after = ask(
            self.hub,
            one.after,
            one.types,
            limits=Limits(limit, looked),
            reach=one.reach,
        )
        events = [event for entry in entries for event in entry.events]
        assert len(events) <= limit or len(entries) == 1
        one.seen += [(e.metadata.stream_id, e.metadata.version) for e in events]
        return one.after != before

    @invariant()
    def nothing_is_seen_twice_and_each_stream_in_its_order(self) -> None:
        """Of each what was seen of a stream is its beginning, without a hole."""
        for one in self.ones:
            versions: dict[str, int] = {}
            for stream, version in one.seen:
                assert version == versions.get(stream, 0) + 1
                versions[stream] = version

    def teardown(self) -> None:
        """Whoever goes on until nothing comes any more has all of it."""
        for one in self.ones:
            while self._ask(one, 2, 2):
                pass
            wanted = [key for key in self.accepted if one.wants(key[0])]
            assert sorted(one.seen) == sorted(wanted)


TestFeed = Feed.TestCase


# ---- the ring alone


def filled(store: MemoryEventStore, size: int = 10_000) -> StillHub:
    """A hub that has read all there is of apples, and was there before."""
    hub = StillHub(store, size)
    with hub.seat(["apple"]):
        hub.turn()
    return hub


def test_who_stands_at_the_end_is_answered_without_a_read() -> None:
    store = a_store()
    hub = filled(store)
    grow(store, "apple", "a", 2)
    hub.turn()

    taken = hub.take(Cut(), frozenset({"apple"}), 10)

    assert [len(entry.events) for entry in taken.entries] == [2]
    assert hub.take(taken.upto, frozenset({"apple"}), 10).entries == []


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_what_no_longer_fits_is_left_to_the_database(kept: int) -> None:
    store = a_store(partitions=1)
    grow(store, "apple", "a")
    size = entries_of(store.read_all()[0])[0].size
    hub = filled(store, kept * size + size // 2)
    start = store.read_all(types=["apple"])[1]
    for _ in range(kept + 1):
        grow(store, "apple", "a")
    hub.turn()

    with pytest.raises(Behind):
        hub.take(start, frozenset({"apple"}), 10)
    after = Cut({place: n + 1 for place, n in start.offsets.items()})
    assert len(hub.take(after, frozenset({"apple"}), 10).entries) == kept


def test_a_cursor_beyond_what_was_read_is_looked_at_once_in_the_log() -> None:
    store = a_store(partitions=1)
    hub = filled(store)
    place = Place("eventstore.apple", 0)

    with pytest.raises(Ahead):
        hub.take(Cut({place: 1}), frozenset({"apple"}), 10)
    grow(store, "apple", "a")
    with hub.seat(["apple"]) as seat:
        ahead = a_follower(hub, seat, Cut({place: 1}))
        assert ahead.next(Everybody(), 0.0) == []
        grow(store, "apple", "a")
        hub.turn()
        assert [entry.offset for entry in ahead.next(Everybody(), 0.0)] == [1]


def test_a_type_that_nobody_follows_is_not_read() -> None:
    store = a_store()
    hub = filled(store)
    grow(store, "berry", "a")

    hub.turn()

    with pytest.raises(Behind):
        hub.take(Cut(), frozenset({"berry"}), 10)


def test_what_ends_in_the_ring_takes_its_bytes_along() -> None:
    store = a_store(partitions=1)
    place, other = Place("eventstore.apple", 0), Place("eventstore.berry", 0)
    grow(store, "apple", "a")
    grow(store, "berry", "a")
    events, upto = store.read_all()
    ring = Ring(sum(entry.size for entry in entries_of(events)))
    ring.begin({place: 0, other: 0})
    ring.add(entries_of(events), upto)
    ring.end([other])
    grow(store, "apple", "a")

    events, upto = store.read_all(upto)
    ring.add(entries_of(events), upto)

    assert len(ring.take(Cut(), [place], 10).entries) == 2


# ---- who is woken


def test_only_those_are_woken_for_whom_something_came() -> None:
    store = a_store()
    hub = StillHub(store, 10_000)
    with hub.seat(["apple"]) as apple, hub.seat(["berry"]) as berry:
        hub.turn()
        for seat in (apple, berry):
            seat.take(Cut(), 1)
        grow(store, "berry", "a")
        hub.turn()

        assert (apple.wait(0), berry.wait(0)) == (False, True)


def test_what_keeps_the_hub_from_reading_reaches_who_follows() -> None:
    store = a_store()
    hub = StillHub(store, 10_000)
    with hub.seat(["apple"]) as seat:
        hub.turn()
        hub._tell(DatabaseUnanswered("gone"))

        with pytest.raises(DatabaseUnanswered):
            seat.take(Cut(), 1)


# ---- bound tokens


@given(st.lists(st.sampled_from(["mine", "another"]), max_size=8), st.integers(1, 9))
def test_a_commit_that_names_another_is_passed_over(
    named: list[str], limit: int
) -> None:
    """Its stream is covered, and nobody here knows its type, so that it may be about whoever its stream is named for."""
    store = a_store(partitions=1)
    for own in named:
        grow(store, "apple", own)
    hub = StillHub(store, 10_000)
    reach = CoversAll("mine")
    after, found = Cut(), []

    for _ in range(len(named) + 1):
        entries, after = ask(hub, after, ["apple"], reach=reach, limits=Limits(limit))
        found += entries

    assert [one.stream_id for one in found] == ["apple.mine"] * named.count("mine")


@given(st.lists(st.sampled_from(OWNS), max_size=8), st.integers(0, 8))
def test_what_the_reach_does_not_know_yet_is_still_to_come(
    owners: list[str], known: int
) -> None:
    store = a_store(partitions=1)
    for own in owners:
        grow(store, "apple", own)
    events = store.read_all()[0]
    before = events[known].recorded_at if known < len(events) else None
    reach = Bound("mine", before)
    early = [e for e in events if before is None or e.recorded_at < before]
    hub = StillHub(store, 10_000)

    first, after = ask(hub, Cut(), ["apple"], reach=reach)
    reach.before = None
    second, _ = ask(hub, after, ["apple"], reach=reach)

    streams = [entry.stream_id for entry in (*first, *second)]
    assert streams == ["apple.mine"] * owners.count("mine")
    assert len(first) == sum(e.metadata.stream_id == "apple.mine" for e in early)

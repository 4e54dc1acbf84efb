"""The feed for programs: every cut goes on where it stands, whichever way the next page is found."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from eventstore.events import Cut, Expected, NewEvent, Position, RecordedEvent
from eventstore.queries.feed import accepted_between, marks
from eventstore.testing.shop import OrderChanged
from eventstore.upkeep.rebuild import refold, reset
from tests.support.following import Orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.ports import Log
    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def store(embedded_store: EventStore) -> EventStore:
    """With commits of one to four events in many streams, of all partitions."""
    orders, chance = Orders(embedded_store), random.Random(3)  # noqa: S311  (repeatable)
    for n in range(150):
        changes = [NewEvent(OrderChanged(quantity=n))] * chance.randint(1, 4)
        stream = orders.stream(f"s{chance.randrange(20)}")
        embedded_store.append(stream, changes, Expected.ANY)
    return embedded_store


def commits(store: EventStore) -> list[list[RecordedEvent]]:
    """All, in the order of the feed."""
    found = list(accepted_between(Cut(), marks({p.topic for p in store.topics.places})))
    found.sort(key=lambda e: (e.recorded_at, packed(e)))
    return [list(group) for _, group in groupby(found, lambda e: e.commit_id)]


def packed(event: RecordedEvent) -> tuple[str, int, int, int]:
    position = event.position
    return position.topic, position.partition, position.offset, position.index


def expected(store: EventStore, cut: Cut, limit: int) -> list[RecordedEvent]:
    """By the rule, from all there is."""
    page: list[RecordedEvent] = []
    for commit in commits(store):
        first = commit[0].position
        done = {(p.topic, p.partition): n for p, n in cut.offsets.items()}
        if first.offset < done.get((first.topic, first.partition), 0):
            continue
        if page and len(page) + len(commit) > limit:
            break
        page += commit
    return page


def pages(store: EventStore, limit: int) -> Iterator[list[RecordedEvent]]:
    cut = Cut()
    while True:
        events, cut = store.read_all(cut, limit=limit)
        if not events:
            return
        yield list(events)


@pytest.mark.parametrize("limit", [1, 3, 7, 50, 1_000])
def test_page_after_page_gives_everything_in_the_order_of_time(
    store: EventStore, limit: int
) -> None:
    found = [event for page in pages(store, limit) for event in page]

    assert found == [event for commit in commits(store) for event in commit]


def test_any_cut_goes_on_by_the_same_rule(store: EventStore) -> None:
    chance = random.Random(5)  # noqa: S311  (repeatable)
    ends = store.catch_up(store.topics.places, timeout_s=120).offsets
    for _ in range(60):
        cut = Cut({place: chance.randint(0, end) for place, end in ends.items()})
        limit = chance.choice([1, 2, 5, 20, 100])

        events, after = store.read_all(cut, limit=limit)

        assert list(events) == expected(store, cut, limit)
        rest = expected(store, after, 10_000)
        whole = expected(store, cut, 10_000)
        assert sorted(map(packed, [*events, *rest])) == sorted(map(packed, whole))


def test_who_reads_while_others_write_misses_nothing_and_sees_nothing_twice(
    embedded_store: EventStore,
) -> None:
    orders, found, cut = Orders(embedded_store), list[Position](), Cut()

    def write(number: int) -> list[Position]:
        made = [orders.place(f"w{number}", 3)]
        made += [orders.change(f"w{number}") for _ in range(30)]
        return [position for one in made for position in one.positions]

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, number) for number in range(4)]
        at_work = True
        while at_work:
            at_work = not all(writer.done() for writer in writers)  # before the look
            while True:
                events, cut = embedded_store.read_all(cut, limit=7)
                found += [event.position for event in events]
                if not events:
                    break
        written = [position for writer in writers for position in writer.result()]

    assert sorted(map(str, found)) == sorted(map(str, written))


def test_the_log_is_asked_once_while_somebody_stands_beyond_the_index(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, cut = store.read_all(limit=100)
    made: list[Log] = []
    make_log = store.make_log

    def counted() -> Log:
        made.append(make_log())
        return made[-1]

    monkeypatch.setattr(store, "make_log", counted)
    with store.indexer() as indexer:
        made.clear()
        reset(indexer.connection())
        for _ in range(3):
            assert store.read_all(cut) == ([], cut)
        asked = len(made)
        refold(indexer, progress=lambda *_: None)

    assert 0 < asked <= len(cut.offsets)


def test_a_cut_never_goes_back_while_the_index_is_built_anew(
    store: EventStore,
) -> None:
    _, cut = store.read_all(limit=100)
    with store.indexer() as indexer:
        reset(indexer.connection())
        events, now = store.read_all(cut)
        assert (list(events), now) == ([], cut)
        refold(indexer, progress=lambda *_: None)

    assert list(store.read_all(cut, limit=20)[0]) == expected(store, cut, 20)

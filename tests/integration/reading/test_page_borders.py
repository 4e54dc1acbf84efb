"""Every reader by pages, with pages of 1, 2, 3 and 5 rows and of few bytes, gives what one long read gives, and ends."""

from __future__ import annotations

from contextlib import closing
from itertools import groupby, islice, product
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import LogTruncated
from eventstore.events import Cut, NewEvent, Place, RecordedEvent, pack
from eventstore.indexer.indexer import Indexer
from eventstore.indexer.reporting import FoldReporter
from eventstore.indexer.session import Session
from eventstore.log.embedded import EmbeddedLog
from eventstore.queries import browse
from eventstore.queries.browse import EventFilter
from eventstore.queries.connection import prepared_cursor
from eventstore.queries.everything import read_after
from eventstore.queries.feed import accepted_between, marks
from eventstore.queries.following import next_records, next_wanted, waiting_records
from eventstore.queries.keyset import Page, Wanted
from eventstore.queries.limits import Stretch
from eventstore.queries.rows import recorded_events
from eventstore.testing.log_given import read_all
from eventstore.testing.shop import OrderChanged
from eventstore.upkeep.rebuild import refold, reset
from eventstore.upkeep.restore.run import Restorer
from eventstore.upkeep.verifier.verify import Verifier
from tests.pages import ROWS, SIZES, fill, stream_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eventstore.store import EventStore
    from tests.support.worlds import World

pytestmark = pytest.mark.usefixtures("transactional_db")
ENOUGH = 2_000  # pages: a reader that never ends is stopped here
LIMITS = [Stretch(rows, size) for rows, size in product(ROWS, SIZES)]


@pytest.fixture
def store(embedded_store: EventStore) -> EventStore:
    """With some streams in all partitions."""
    fill(embedded_store, Random(7), commits=60, streams=7)  # noqa: S311  (repeatable)
    return embedded_store


def everything(store: EventStore) -> list[RecordedEvent]:
    """All that was accepted, by one large page each."""
    return list(accepted_between(Cut(), marks(store.topics.numbers.keys())))


def at(events: Iterable[RecordedEvent]) -> list[str]:
    """Where they stand."""
    return [str(event.position) for event in events]


def place_of(event: RecordedEvent) -> Place:
    """The partition it stands in."""
    return Place(event.position.topic, event.position.partition)


def end_of(store: EventStore, place: Place) -> tuple[int, int]:
    """Its packed beginning and end."""
    number, mark = store.topics.numbers[place.topic], marks()[place]
    return pack(number, place.partition, 0), pack(number, place.partition, mark.cursor)


def test_the_feed_and_so_every_export(store: EventStore) -> None:
    seen = marks(store.topics.numbers.keys())
    wanted = at(everything(store))

    for pages in LIMITS:
        found = accepted_between(Cut(), seen, pages=pages)
        assert at(islice(found, ENOUGH)) == wanted, pages


def test_all_streams_in_the_order_of_the_log(store: EventStore) -> None:
    whole = everything(store)
    topics, chance = list(store.topics.numbers), Random(1)  # noqa: S311  (repeatable)
    for stretch, limit in product(LIMITS, ROWS):
        cut = _some_cut(store, chance)
        wanted = [event for event in whole if _is_behind(cut, event)]
        found: list[RecordedEvent] = []
        for _ in range(ENOUGH):
            with prepared_cursor() as cursor:
                events, cut = read_after(cursor, cut, topics, limit, stretch=stretch)
            commits = len(list(groupby(events, lambda e: e.commit_id)))
            assert len(events) <= limit or commits == 1
            found += events
            if not events:
                break
        assert sorted(at(found)) == sorted(at(wanted)), (stretch, limit)
        times = [event.recorded_at for event in found]
        assert times == sorted(times), (stretch, limit)


def _some_cut(store: EventStore, chance: Random) -> Cut:
    ends = marks(store.topics.numbers.keys())
    return Cut({place: chance.randint(0, mark.cursor) for place, mark in ends.items()})


def _is_behind(cut: Cut, event: RecordedEvent) -> bool:
    return event.position.offset >= cut.offsets[place_of(event)]


@pytest.mark.parametrize("types", [None, ["OrderPlaced"], ["OrderClosed"]])
def test_what_lies_before_a_follower(
    store: EventStore, types: list[str] | None
) -> None:
    whole = everything(store)
    for place, pages, most in product(store.topics.places, LIMITS, ROWS):
        start, end = end_of(store, place)
        wanted = [
            event.position.offset
            for event in whole
            if place_of(event) == place
            and (types is None or event.metadata.event_type in types)
        ]
        found = _followed(start, end, types, most, pages)
        assert found == sorted(set(wanted)), (place, pages, most)


def _followed(
    start: int, end: int, types: list[str] | None, most: int, pages: Stretch
) -> list[int]:
    """The offsets of the records that a follower is handed."""
    found: list[int] = []
    for _ in range(ENOUGH):
        if start >= end:
            return found
        with prepared_cursor() as cursor:
            asked = cursor, start, end
            rows, reached = (
                next_records(*asked, most=most, pages=pages)
                if types is None
                else next_wanted(*asked, types=types, most=most, pages=pages)
            )
        assert reached > start, "a follower that does not move never ends"
        found += [(row[0] & 2**48 - 1) >> 10 for row in rows]
        start = reached
    msg = "it did not end"
    raise AssertionError(msg)


def test_the_queue_of_a_parked_stream(store: EventStore) -> None:
    for stream, pages, most in product(_streams(store), LIMITS, ROWS):
        head = store.stream_info(stream).version
        version, found = 1, list[int]()
        for _ in range(ENOUGH):
            with prepared_cursor() as cursor:
                rows = waiting_records(
                    cursor, stream, version, 2**62, most=most, pages=pages
                )
            if not rows:
                break
            for events in recorded_events(row[:4] for row in rows):
                found += [event.metadata.version for event in events]
            version = rows[-1][2] + rows[-1][4]
        assert found == list(range(1, head + 1)), (stream, pages, most)


def _streams(store: EventStore) -> list[str]:
    return sorted({event.metadata.stream_id for event in everything(store)})


def test_the_embedded_log(store: EventStore) -> None:
    with closing(EmbeddedLog(connect)) as log:
        whole = {place: offsets(log, place, 10**9) for place in store.topics.places}

    for place, rows, size in product(store.topics.places, ROWS, SIZES):
        with closing(EmbeddedLog(connect, rows=rows)) as log:
            found = offsets(log, place, size)
        assert found == whole[place] == list(range(len(found))), (place, rows, size)


def offsets(log: EmbeddedLog, place: Place, size: int) -> list[int]:
    """Of all records, read by so many bytes."""
    found: list[int] = []
    offset = 0
    for _ in range(ENOUGH):
        batch = log.read(place, offset, max_bytes=size)
        if batch.next_offset == offset:
            return found
        found += [record.offset for record in batch.records]
        offset = batch.next_offset
    msg = "it did not end"
    raise AssertionError(msg)


def test_a_hole_in_the_embedded_log_is_refused_and_not_asked_for_again(
    store: EventStore,
) -> None:
    place = max(marks(), key=lambda place: marks()[place].cursor)
    with connect() as database, database.transaction():
        database.execute("ALTER TABLE eventstore_logrecord DISABLE TRIGGER USER")
        database.execute(
            """DELETE FROM eventstore_logrecord r USING eventstore_logtopic t
                WHERE t.id = r.topic AND t.name = %s AND r.partition = %s AND r."offset" IN (2, 3)""",
            [place.topic, place.partition],
        )
        database.execute("ALTER TABLE eventstore_logrecord ENABLE TRIGGER USER")

    with closing(EmbeddedLog(connect)) as log:
        for offset in (2, 3):
            with pytest.raises(LogTruncated, match=f"but not {offset}"):
                log.read(place, offset)


@pytest.mark.parametrize("rows", ROWS)
def test_the_indexers_and_the_verifiers_stretches(store: EventStore, rows: int) -> None:
    before = [str(event) for event in everything(store)]
    clock = SystemClock()
    with closing(EmbeddedLog(connect, rows=rows)) as log, connect() as database:
        indexer = Indexer(
            Session(store.topics, log, connect, clock, FoldReporter(clock))
        )
        reset(database)
        refold(indexer, progress=lambda *_: None)
        indexer.close()
        verifier = Verifier(store.topics, log, database, now=clock.now())
        findings = verifier.run(store.topics.places, progress=lambda *_: None)

    assert findings.differences == []
    assert [str(event) for event in everything(store)] == before


@pytest.mark.parametrize("rows", ROWS)
def test_what_a_restore_puts_back(world: World, rows: int) -> None:
    here = world.store()
    for n in range(6):
        here.append(world.stream(), [NewEvent(OrderChanged(quantity=n))], n)
    world.fold(here)
    place = world.place(world.stream())
    before = read_all(world.log, place)
    for kept in range(len(before) + 1):
        world.replace_log(place, [])
        if kept:
            world.log.restore(place, before[:kept])
        with connect() as database, closing(EmbeddedLog(connect, rows=rows)) as log:
            restorer = Restorer(world.topics, log, database, rows=rows)
            for topic in restorer.plan():
                restorer.run(topic, lambda _place, _moved: None)
        assert read_all(world.log, place) == before


@pytest.mark.parametrize("size", ROWS)
def test_the_consoles_lists_there_and_back(store: EventStore, size: int) -> None:
    stream = max(_streams(store), key=lambda stream: store.stream_info(stream).version)
    among = EventFilter(event_type="OrderPlaced")
    lists: list[Callable[[Wanted], Page[Any]]] = [
        browse.streams,
        lambda wanted: browse.streams(wanted, type_name=stream_type(store)),
        lambda wanted: browse.stream_events(stream, wanted),
        lambda wanted: browse.stream_events_backwards(stream, wanted),
        lambda wanted: browse.events(wanted, EventFilter()),
        lambda wanted: browse.events(wanted, among),
    ]
    for ask in lists:
        whole = list(ask(Wanted(size=10_000)).rows)
        assert whole
        there, last = walked(ask, Wanted(size=size), onwards=True)
        back, _ = walked(ask, last, onwards=False)
        assert there == whole
        assert sorted(map(repr, back)) == sorted(map(repr, whole))


def walked(
    ask: Callable[[Wanted], Page[Any]], wanted: Wanted, *, onwards: bool
) -> tuple[list[Any], Wanted]:
    """All rows of the pages in one direction, and what was asked for last."""
    rows: list[Any] = []
    for _ in range(ENOUGH):
        found = ask(wanted)
        # the first page is shown whole, though the one behind it has some of its rows
        rows += [row for row in found.rows if row not in rows]
        cursor = found.next if onwards else found.previous
        if cursor is None:
            return rows, wanted
        wanted = (
            Wanted(after=cursor, size=wanted.size)
            if onwards
            else Wanted(before=cursor, size=wanted.size)
        )
    msg = "it did not end"
    raise AssertionError(msg)

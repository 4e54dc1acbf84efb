"""What a thread knows of the places, how it catches up with the log, and when it takes a second look."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from eventstore import metrics
from eventstore.database import connect
from eventstore.errors import LogMisconfigured, LogTruncated, LogUnanswered
from eventstore.indexer.entries import Own, entry_of
from eventstore.indexer.mark import complete
from eventstore.indexer.mirror import Mirror
from eventstore.indexer.share import Patience, ShareSpent
from eventstore.ports import Extent
from tests.integration.indexer.test_loading_views import Told, truncated
from tests.support.worlds import World, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer


@pytest.fixture
def indexer(world: World) -> Iterator[Indexer]:
    with world.store().indexer() as found:
        yield found


def written(world: World, *streams: str) -> Place:
    for stream in streams:
        world.foreign(world.place(stream), record(stream), stream.encode())
    return world.place(streams[0])


def test_nothing_is_known_without_asking(world: World, indexer: Indexer) -> None:
    stream = world.stream()
    place = world.place(stream)
    before = indexer.serial(place), indexer.known_head(place, stream)

    indexer.prepare(place)

    assert before == (None, None)
    assert indexer.serial(place) is not None
    assert indexer.known_head(place, stream) is None
    indexer.learn([(place, stream)])
    assert indexer.known_head(place, stream) == 0
    indexer.forget(place)
    assert indexer.serial(place) is None


def test_a_doubt_has_the_topics_looked_at(world: World, indexer: Indexer) -> None:
    place = world.place(world.stream())
    indexer.prepare(place)
    world.query("UPDATE eventstore_partition SET topic_id = 'x' RETURNING 1")
    indexer.prepare(place)

    with pytest.raises(LogMisconfigured):
        indexer.prepare(place, in_doubt=True)


def test_who_lets_go_begins_anew(world: World, indexer: Indexer) -> None:
    place = world.place(world.stream())
    indexer.prepare(place)
    before = indexer.connection()

    indexer.close()

    assert before.closed
    assert indexer.serial(place) is None
    assert indexer.cursor(place) == 0


def test_what_others_hold_is_folded_last(world: World, indexer: Indexer) -> None:
    streams = [world.stream(n) for n in range(3)]
    places = [world.place(stream) for stream in streams]
    written(world, *streams)
    for place in places:
        indexer.prepare(place)
    indexer.learn(zip(places, streams, strict=True))
    view = indexer._keeper.known(places[0])
    assert view is not None
    view.is_overtaken = True
    own = {
        place: [
            Own(entry_of(one), indexer.serial(place))
            for one in world.log.read(place, 0).records
        ]
        for place in places
    }

    folded = indexer.fold_own(own)

    assert [*folded] == [places[1], places[2], places[0]]
    assert [len(folded[place]) for place in places] == [0, 1, 1]


def test_it_catches_up_with_the_log_as_it_was_when_asked_first(
    world: World, indexer: Indexer
) -> None:
    stream, other = world.stream(), world.stream(1)
    place, elsewhere = written(world, stream, stream), world.place(other)
    patience = Patience()

    assert indexer.catch_up([place, elsewhere], patience) == {place: 2, elsewhere: 0}

    written(world, stream)
    assert indexer.catch_up([place], patience) == {place: 2}
    assert indexer.catch_up([place]) == {place: 3}
    assert indexer.end(place) == 3


def test_what_is_folded_already_needs_no_share(world: World, indexer: Indexer) -> None:
    place = written(world, world.stream())
    indexer.catch_up([place])
    indexer.share(-1.0)
    assert indexer.catch_up([place]) == {place: 1}

    indexer.forget(place)
    world.lose_folds(place, 0)
    indexer.session.log = Slow(indexer.log)  # type: ignore[assignment]
    written(world, world.stream())
    with pytest.raises(ShareSpent):
        indexer.catch_up([place])


def test_a_log_that_has_lost_its_beginning_is_found(
    world: World, indexer: Indexer
) -> None:
    place = written(world, world.stream(), world.stream())
    world.cut_log_before(place, 1)

    with pytest.raises(LogTruncated):
        indexer.cursor(place)


def test_to_complete_takes_no_longer_than_it_may(
    world: World, indexer: Indexer
) -> None:
    written(world, world.stream(), world.stream())
    indexer.session.log = Slow(indexer.log)  # type: ignore[assignment]
    with connect() as other:
        other.execute("TRUNCATE eventstore_indexcomplete")

    with pytest.raises(LogUnanswered, match="not folded in time"):
        complete(indexer, Patience(deadline=-1.0))

    assert complete(indexer)
    assert world.query("SELECT id, without FROM eventstore_indexcomplete") == [(1, [])]


NO_MARK = """
CREATE FUNCTION no_mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER no_mark BEFORE INSERT ON eventstore_indexcomplete FOR EACH ROW EXECUTE FUNCTION no_mark()
"""


def test_an_index_whose_mark_does_not_stand_is_not_complete(indexer: Indexer) -> None:
    with connect() as other:
        other.execute("TRUNCATE eventstore_indexcomplete")
        other.execute(NO_MARK)
        try:
            assert not complete(indexer)
        finally:
            other.execute("DROP FUNCTION no_mark() CASCADE")

    assert complete(indexer)


def test_who_completes_on_a_session_that_has_ended_takes_another(
    world: World, indexer: Indexer
) -> None:
    with connect() as other:
        other.execute("TRUNCATE eventstore_indexcomplete")
    before = indexer.connection()
    world.query("SELECT pg_terminate_backend(%s, 10000)", before.info.backend_pid)

    assert [complete(indexer), complete(indexer)] == [True, True]

    after = indexer.connection()
    assert after is not before
    assert complete(indexer)
    assert indexer.connection() is after


def test_a_mirror_stops_between_two_stretches(world: World, indexer: Indexer) -> None:
    stream = world.stream()
    place = written(world, stream, stream, stream)
    indexer.session.log = Slow(indexer.log)  # type: ignore[assignment]
    stop, moved = threading.Event(), list[int]()
    mirror = Mirror(world.store().make_indexer, stop)

    def progress(_place: Place, offsets: int) -> None:
        moved.append(offsets)
        if len(moved) == 2:
            stop.set()

    assert mirror.round(indexer, progress) == 2
    assert (moved, world.cursor(place)) == ([1, 1], 2)
    assert (lag_of(place), mirror.round(indexer)) == (1, 0)


def lag_of(place: Place) -> float:
    """What Prometheus is told."""
    gauge = metrics.MIRROR_LAG.labels(place.topic, place.partition)
    return float(gauge._value.get())


def test_a_mirror_shows_how_far_it_lies_behind(world: World, indexer: Indexer) -> None:
    stream = world.stream()
    place = written(world, stream, stream)
    indexer.session.log = Slow(indexer.log)  # type: ignore[assignment]
    shown: list[float] = []

    Mirror(world.store().make_indexer, threading.Event()).round(
        indexer, lambda *_: shown.append(lag_of(place))
    )

    assert (shown, lag_of(place)) == ([2, 1], 0)


class Slow:
    """A log that shows one record at a time."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, place: Place, offset: int) -> Any:
        batch = self._log.read(place, offset)
        return type(batch)(batch.records[:1], offset + 1)


@pytest.mark.parametrize(
    ("extent", "lag", "looks"),
    [
        ((0, 3), 1, []),
        ((2, 3), 1, []),
        ((0, 2), 0, []),
        ((3, 4), 2, [2]),
        ((0, 1), 0, [2]),
    ],
)
def test_a_log_that_does_not_reach_from_below_the_cursor_to_it_gets_a_second_look(
    world: World, indexer: Indexer, extent: tuple[int, int], lag: int, looks: list[int]
) -> None:
    stream = world.stream()
    place = written(world, stream, stream)
    indexer.catch_up([place])
    told = Told()
    told.extent = Extent(*extent)
    log, indexer.session.log = indexer.log, told  # type: ignore[assignment]

    assert indexer.lag(place, Extent(*extent)) == lag
    assert told.asked == looks
    told.batch = truncated()
    if looks:
        with pytest.raises(LogTruncated):
            indexer.lag(place, Extent(*extent))
        assert indexer.serial(place) is None
    indexer.session.log = log

"""A flood into one partition keeps nobody waiting who appends to another one: each place has its share of a turn."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.errors import LogUnavailable
from eventstore.log.embedded import EmbeddedLog
from eventstore.testing.faulty_log import ANSWER_LOST, FaultyLog
from tests.support.worlds import FaultyStore, World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import Place
    from eventstore.ports import Batch, Log

FLOOD = 60


class SlowLog(FaultyLog):
    """Gives one record a read; counts them by place, and says so before each."""

    reads: dict[Place, int]
    before_read: Callable[[Place, int], object]

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See the port."""
        self.reads[place] = self.reads.get(place, 0) + 1
        self.before_read(place, self.reads[place])
        batch = super().read(place, offset, max_bytes=max_bytes)
        first = batch.records[:1]
        return replace(batch, records=first, next_offset=offset + len(first))


class SlowStore(FaultyStore):
    """A store whose folds go record by record."""

    def __init__(self, *given: Any, **rest: Any) -> None:
        self.reads: dict[Place, int] = {}
        self.before_read: Callable[[Place, int], object] = lambda *_: None
        super().__init__(*given, **rest)

    def make_log(self) -> Log:
        """See `EventStore`."""
        log = SlowLog(EmbeddedLog(self._log_line), self.network)
        log.reads = self.reads
        log.before_read = lambda *seen: self.before_read(*seen)
        return log


class Flooded:
    """Two places, the first of them flooded by somebody else; what is appended to the second while the first is read."""

    def __init__(self, world: World, store: SlowStore) -> None:
        self.world, self.store = world, store
        self.stream, self.other = world.stream(), world.stream(1)
        self.place = world.place(self.stream)
        store.append(self.stream, [changed()], 0)
        store.append(self.other, [changed()], 0)
        self.flood()
        self.beside: Future[Any] = Future()
        self.read_by_then: list[int] = []
        store.reads.clear()
        store.before_read = self._append_beside

    def flood(self) -> None:
        """By another producer."""
        for n in range(FLOOD):
            stream = self.world.stream(0, 1 + n % 3)
            self.world.foreign(self.place, record(stream), stream.encode())

    def _append_beside(self, place: Place, reads: int) -> None:
        """From another thread's point of view: the appender is busy with the flood."""
        if place == self.place and reads == 3:
            future = self.store.submit(self.other, [changed()], 1)
            future.add_done_callback(self._answered)
            future.add_done_callback(lambda f: self.beside.set_result(f.result()))

    def _answered(self, _: Future[Any]) -> None:
        self.read_by_then.append(self.store.reads[self.place])

    def must_not_have_waited(self) -> None:
        """The append beside was answered while most of the flood was still to be folded."""
        assert self.beside.result(120).first_version == 2
        assert self.read_by_then[0] < FLOOD // 2


@pytest.fixture
def flooded(audited: World) -> Flooded:
    store = audited.store(of=SlowStore, share_s=0.0)
    assert isinstance(store, SlowStore)
    return Flooded(audited, store)


def test_an_append_to_another_place_is_answered_while_a_flooded_one_is_folded(
    flooded: Flooded,
) -> None:
    own = flooded.store.submit(flooded.stream, [changed()], 1)

    assert own.result(120).first_version == 2
    flooded.must_not_have_waited()
    assert versions(flooded.store, flooded.stream) == [1, 2]


def test_what_is_produced_behind_a_flood_is_in_the_log_once(flooded: Flooded) -> None:
    before = flooded.world.end(flooded.place)

    flooded.store.append(flooded.stream, [changed()], 1)

    assert flooded.world.end(flooded.place) == before + 1


def test_a_question_to_a_flooded_place_holds_up_no_append_to_another(
    flooded: Flooded,
) -> None:
    answer = flooded.store.outcome(uuid4(), flooded.stream)

    assert list(answer.decided) == []
    flooded.must_not_have_waited()


def test_who_looks_for_a_lost_answer_in_a_flooded_place_holds_up_nobody(
    flooded: Flooded,
) -> None:
    flooded.world.network.then(ANSWER_LOST)

    found = flooded.store.append(flooded.stream, [changed()], 1)

    assert found.first_version == 2
    flooded.must_not_have_waited()
    assert versions(flooded.store, flooded.stream) == [1, 2]


def test_a_question_ends_at_the_end_that_it_read_though_others_write_on(
    audited: World,
) -> None:
    store = audited.store(of=SlowStore, share_s=0.0)
    assert isinstance(store, SlowStore)
    flooded = Flooded(audited, store)
    end = audited.end(flooded.place)

    def write_on(place: Place, reads: int) -> None:
        if place == flooded.place and reads < 5 * FLOOD:
            audited.foreign(place, record(flooded.stream), flooded.stream.encode())

    store.before_read = write_on
    store.outcome(uuid4(), flooded.stream)

    assert store.reads[flooded.place] < 2 * FLOOD
    assert audited.cursor(flooded.place) >= end


def test_who_fills_the_queue_for_one_place_leaves_room_for_another(
    audited: World,
) -> None:
    here, stream, other = (
        audited.store(capacity=20),
        audited.stream(),
        audited.stream(1),
    )
    with audited.network.held_before_writing() as gate:
        here.submit(stream, [changed()], "any")
        gate.wait_until_reached()
        for _ in range(10):
            here.submit(stream, [changed()], "any", timeout_s=0)
        with pytest.raises(LogUnavailable, match="10 commits wait already"):
            here.submit(stream, [changed()], "any", timeout_s=0)

        beside = here.submit(other, [changed()], 0)

    assert beside.result(120).first_version == 1


def test_commits_of_many_bytes_wait_outside(audited: World) -> None:
    here = audited.store(commit_bytes=50_000)
    stream, other = audited.stream(), audited.stream(1)
    many = [changed() for _ in range(50)]
    with audited.network.held_before_writing() as gate:
        first = here.submit(stream, many, 0)
        gate.wait_until_reached()
        second = here.submit(other, many, 0)
        with pytest.raises(LogUnavailable, match="bytes"):
            here.submit(other, many, 50, timeout_s=0)

    assert [f.result(120).last_version for f in (first, second)] == [50, 50]

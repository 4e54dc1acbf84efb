"""A projection built anew beside the one that is read, while readers read: events a second, and what the readers notice."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from eventstore.clock import SystemClock
from eventstore.projections.building import make_building
from eventstore.projections.comparing import compare
from eventstore.projections.following import subscription_of
from eventstore.projections.statuses import version_read
from eventstore.projections.switching import Switching
from eventstore.store import make_event_store
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.operating import Order
from eventstore.subscriptions.registering import register
from teddy_es.bench.conf import elsewhere
from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series, percentile
from teddy_es.bench.fill import exported, fill
from teddy_es.bench.processes import begin
from teddy_es.bench.projection import NAME, PATHS, Spoken, SpokenBefore, make_table
from teddy_es.bench.rows import read_rows
from teddy_es.synth import filling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

T = TypeVar("T")
_Taken = tuple[float, float, float, list[float], list[float]]

EVENTS: Final = 272_000
_PER_STREAM: Final = 38  # as in the real conversations
_BY: Final = Order("bench", "measured")


def rebuild(plan: Plan, world: World) -> Iterator[Series]:
    """Each round builds version 2, compares, switches, and switches back; a reader reads all the time.

    readers: ms a read, p50 and p99 of all; alone before anything is built, and while it is built and switched.
    """
    settings = {**world.eventstore, "PROJECTIONS": PATHS}
    with elsewhere(world.database, settings):
        plan.tell("rebuild: filling the store")
        _fill(plan, world)
        make_table()
        _follow_first()
        with _reading(world) as readers:
            turn = partial(_turn, readers, plan.seconds)
            taken = plan.alternate("rebuild", {OURS: turn})[OURS]
    yield Series("rebuild/speed", OURS, "events/s", tuple(one[0] for one in taken))
    yield Series("rebuild/compare", OURS, "ms", tuple(one[1] for one in taken))
    yield Series("rebuild/switch", OURS, "ms", tuple(one[2] for one in taken))
    yield _reads("alone", [one[3] for one in taken])
    yield _reads("meanwhile", [one[4] for one in taken])


def _reads(name: str, taken: Sequence[Sequence[float]]) -> Series:
    reads = [ms for one in taken for ms in one]
    medians = tuple(percentile(one, 50) for one in taken)
    p50, p99 = percentile(reads, 50), percentile(reads, 99)
    return Series(f"rebuild/reads-{name}", OURS, "ms", medians, p50, p99)


def _fill(plan: Plan, world: World) -> None:
    store = make_event_store()
    if plan.file is not None:
        filling.fill(store, exported(world, plan.file, plan.events))
        return
    wanted = plan.events or EVENTS
    fill(store, world, "spoken", wanted, streams=max(1, wanted // _PER_STREAM))


def _follow_first() -> None:
    """Version 1, in place."""
    subscription = subscription_of(SpokenBefore(), is_read=True)
    register(subscription, SystemClock())
    follower = Follower(subscription, SystemClock(), random.Random(1))
    while follower.round():
        pass


def _ids() -> list[str]:
    return list(Spoken.objects.values_list("stream_id", flat=True)[:1_000])


def _turn(readers: Connection, seconds: float) -> _Taken:
    """To the version that is not read now, and the other one dropped. Events a second; ms; ms of each read."""
    clock = SystemClock()
    before = version_read(NAME)
    readers.send(None)
    readers.recv()
    time.sleep(seconds)  # readers alone
    readers.send(None)
    alone = readers.recv()
    building = make_building(NAME, 2 if before == 1 else 1, clock)
    switching = Switching(clock, time.sleep)
    built, took = _timed(building.run)
    _, comparing = _timed(partial(compare, building))
    _, switched = _timed(partial(switching.switch, building, _BY))
    readers.send(None)
    meanwhile = readers.recv()
    switching.drop(NAME, before or 1, _BY)
    return built.handled / took, comparing * 1000, switched * 1000, alone, meanwhile


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.monotonic()
    done = work()
    return done, time.monotonic() - started


@contextmanager
def _reading(world: World) -> Iterator[Connection]:
    """A process that reads; asked, it gives the ms of each read since it was asked last."""
    process, pipe = begin(read_rows, world, _ids())
    try:
        yield pipe
    finally:
        process.kill()
        process.join()

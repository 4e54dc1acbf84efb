"""Building the snapshots of a store that has none: events a second of one worker, and its peak of memory."""

from __future__ import annotations

import time
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.snapshots.builder.run import Snapshotter
from eventstore.store import make_event_store
from teddy_es.bench.alone import alone
from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series
from teddy_es.bench.fill import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

EVENTS: Final = 272_000
_PER_STREAM: Final = 38  # as in the real conversations
_NONE_LEFT: Final = (
    "TRUNCATE eventstore_snapshot, eventstore_snapshotbuild, eventstore_snapshotfailure"
)


def snapshots(plan: Plan, world: World) -> Iterator[Series]:
    """In each round the rows are gone; the topics keep what they have, and take as much again."""
    wanted = plan.events or EVENTS
    plan.tell("snapshots: filling the store")
    streams = max(1, wanted // _PER_STREAM)
    fill(make_event_store(), world, "built", wanted, streams=streams)
    taken = plan.alternate("snapshots", {OURS: partial(_turn, world)})[OURS]
    speeds = tuple(events / seconds for (events, seconds), _ in taken)
    yield Series("snapshots/speed", OURS, "events/s", speeds)
    yield Series("snapshots/memory", OURS, "MB", tuple(peak for _, peak in taken))


def _turn(world: World) -> tuple[tuple[int, float], float]:
    with connect() as connection:
        connection.execute(_NONE_LEFT)
    return alone(_build, world)


def _build() -> tuple[int, float]:
    """In a process of its own; events replayed, and seconds."""
    store = make_event_store()
    snapshotter = Snapshotter(store, SystemClock(), Random(1))
    started = time.monotonic()
    built = snapshotter.build_due()
    store.close()
    return built.events, time.monotonic() - started

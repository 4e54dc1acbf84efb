"""Reading a stream of ten thousand events, all of it, decoded."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from teddy_es.bench.crews import Threads
from teddy_es.bench.figures import of_samples
from teddy_es.bench.lineup import contestant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

EVENTS: Final = 10_000


def read(plan: Plan, world: World) -> Iterator[Series]:
    """Events a second; p50 and p99 are those of a whole read."""
    events, measure = min(plan.events or EVENTS, EVENTS), "read/stream"
    with ExitStack() as opened:
        turns = {}
        for name in plan.contestants:
            plan.tell(f"{measure}: filling, {name}")
            store = contestant(name, world, writers=1)
            opened.callback(store.close)
            crew = Threads([partial(_read, store.reader("long", events), events)])
            crew.work(0.0)  # to warm up
            turns[name] = partial(crew.work, plan.seconds)
        for name, samples in plan.alternate(measure, turns).items():
            yield of_samples(measure, name, samples, events=events)


def _read(reader: Callable[[], int], events: int) -> None:
    if (count := reader()) != events:
        msg = f"{count} events were read, not {events}"
        raise RuntimeError(msg)

"""Whether an append costs more where much has happened before: on a full store and on an empty one, in turns."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from eventstore.store import make_event_store
from teddy_es.bench.contestants import EMPTY, OURS
from teddy_es.bench.crews import Processes
from teddy_es.bench.figures import as_costs
from teddy_es.bench.fill import FILLED, fill, full_events, full_streams
from teddy_es.bench.lineup import writing
from teddy_es.bench.ours import Ours
from teddy_es.bench.world import a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.contestants import Append
    from teddy_es.bench.crews import Job
    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

HISTORY: Final = ("history/events", "history/streams")
_ROUNDS: Final = 7  # at least
_FEW: Final = 100  # streams of one event, which the other store has


def history(plan: Plan, world: World) -> Iterator[Series]:
    """ms an append, one writer.

    events: to streams of its own, on the store with many events and on one with hardly any. streams: to any of the
    many streams there, and to any of the few that the other has.
    """
    events = full_events(plan.events)
    streams = full_streams(events)
    plan = replace(plan, rounds=max(plan.rounds, _ROUNDS))
    with a_world() as empty:
        fill(make_event_store(), empty, FILLED, _FEW, streams=_FEW)
        own = partial(writing, OURS, "own")
        yield from _measured(
            plan, HISTORY[0], {OURS: (world, own), EMPTY: (empty, own)}
        )
        many = partial(_visiting, events, streams)
        few = partial(_visiting, _FEW, _FEW)
        yield from _measured(
            plan, HISTORY[1], {OURS: (world, many), EMPTY: (empty, few)}
        )


def _measured(
    plan: Plan, measure: str, jobs: dict[str, tuple[World, Job]]
) -> Iterator[Series]:
    if not plan.wants(measure):
        return
    with ExitStack() as opened:
        turns = {}
        for name, (world, job) in jobs.items():
            crew = Processes(world, [job])
            opened.callback(crew.close)
            crew.work(min(1.0, plan.seconds))  # to warm up
            turns[name] = partial(crew.work, plan.seconds)
        for name, samples in plan.alternate(measure, turns).items():
            yield as_costs(measure, name, samples)


@contextmanager
def _visiting(events: int, streams: int, world: World) -> Iterator[Append]:
    with closing(Ours(world)) as store:
        yield store.visitor(FILLED, events, streams)

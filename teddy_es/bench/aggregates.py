"""Aggregates: to load one as it is and as it was, and to have it decide. Snapshots on in both, every ten events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from teddy_es.bench.contestants import NOW, OURS, PEER, UNCACHED
from teddy_es.bench.crews import Threads
from teddy_es.bench.figures import as_costs, compared, of_samples
from teddy_es.bench.our_aggregates import OurAggregates
from teddy_es.bench.peer import PeerAggregates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from teddy_es.bench.contestants import AggregateContestant, Append
    from teddy_es.bench.crews import Sample
    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

Open = Callable[["World"], "AggregateContestant"]

LOADS: Final = (10, 100, 1_000, 10_000)
_LONG: Final = 10_000
_AGGREGATES: Final = 200
_EVENTS: Final = 50  # of each, at the start

_WITH: Final[Mapping[str, Open]] = {
    OURS: partial(OurAggregates, snapshots=True, cache=0),
    PEER: lambda _: PeerAggregates(snapshots=True),
}
_WITHOUT: Final[Mapping[str, Open]] = {
    OURS: partial(OurAggregates, snapshots=False, cache=0),
    PEER: lambda _: PeerAggregates(snapshots=False),
}
_COMMANDS: Final[Mapping[str, Open]] = {
    OURS: partial(OurAggregates, snapshots=True, cache=1_000),
    UNCACHED: _WITH[OURS],
    PEER: _WITH[PEER],
}
MEASURES: Final = (
    *(f"aggregates/load-{events}" for events in LOADS),
    "aggregates/replay",
    "aggregates/past",
    "aggregates/commands",
)


def aggregates(plan: Plan, world: World) -> Iterator[Series]:
    """Loads and past states in ms, and the longest history's load beside the shortest's; commands a second."""
    ours = []
    for events in LOADS:
        loads = partial(_loader, events=events, plan=plan)
        for one in _costs(plan, world, f"aggregates/load-{events}", _WITH, loads):
            yield one
            if one.contestant == OURS and events in (LOADS[0], LOADS[-1]):
                ours.append(one)
    if len(ours) == 2:
        yield compared("aggregates/flat", last=ours[1], first=ours[0])
    replay = partial(_loader, events=_LONG, plan=plan)
    yield from _costs(plan, world, "aggregates/replay", _WITHOUT, replay)
    yield from _past(plan, world)
    yield from _commands(plan, world)


Prepare = Callable[["AggregateContestant", str], "Append"]


def _costs(
    plan: Plan,
    world: World,
    measure: str,
    contestants: Mapping[str, Open],
    prepare: Prepare,
) -> Iterator[Series]:
    for name, samples in _taken(plan, world, measure, contestants, prepare).items():
        yield as_costs(measure, name, samples)


def _loader(
    contestant: AggregateContestant, own: str, *, events: int, plan: Plan
) -> Append:
    events = min(events, plan.events or events)
    load = contestant.loader(own, events)
    contestant.settle()

    def loaded() -> None:
        if (version := load()) != events:
            raise _OtherVersionError(version, events)

    return loaded


def _past(plan: Plan, world: World) -> Iterator[Series]:
    """Any version of a long history, and beside it the present one."""
    measure, chance = "aggregates/past", Random(1)
    events = min(_LONG, plan.events or _LONG)

    def any_version(contestant: AggregateContestant, own: str) -> Append:
        load = contestant.past(own, events)
        contestant.settle()

        def loaded() -> None:
            version = chance.randint(1, events)
            if (reached := load(version)) != version:
                raise _OtherVersionError(reached, version)

        return loaded

    now = partial(_loader, events=events, plan=plan)
    contestants = {OURS: _WITH[OURS], NOW: _WITH[OURS]}
    prepare: dict[str, Prepare] = {OURS: any_version, NOW: now}
    for name, samples in _taken(plan, world, measure, contestants, prepare).items():
        yield as_costs(measure, name, samples)


def _commands(plan: Plan, world: World) -> Iterator[Series]:
    measure = "aggregates/commands"
    count = min(_AGGREGATES, plan.events or _AGGREGATES)

    def commander(contestant: AggregateContestant, own: str) -> Append:
        command = contestant.commander(own, _EVENTS, count)
        contestant.settle()
        return command

    series = _taken(plan, world, measure, _COMMANDS, commander)
    for name, samples in series.items():
        yield of_samples(measure, name, samples)


def _taken(
    plan: Plan,
    world: World,
    measure: str,
    contestants: Mapping[str, Open],
    prepare: Prepare | Mapping[str, Prepare],
) -> Mapping[str, list[Sample]]:
    """What the turns of the contestants gave, each prepared and warm; nothing if it was not asked for."""
    if not plan.wants(measure):
        return {}
    with ExitStack() as opened:
        turns = {}
        for name, begin in contestants.items():
            plan.tell(f"{measure}: filling, {name}")
            contestant = begin(world)
            opened.callback(contestant.close)
            own = f"{measure.rpartition('/')[2]}-{name}"
            preparation = prepare if callable(prepare) else prepare[name]
            crew = Threads([preparation(contestant, own)])
            crew.work(min(0.5, plan.seconds))  # to warm up
            turns[name] = partial(crew.work, plan.seconds)
        return plan.alternate(measure, turns)


class _OtherVersionError(RuntimeError):
    """A load gave another version than the one that was asked for."""

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(f"version {found} was loaded, not {wanted}")

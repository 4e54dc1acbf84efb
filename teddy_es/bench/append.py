"""Appends of one event, acknowledged and readable: how many a second, and how long each takes."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from teddy_es.bench.crews import Processes, Threads
from teddy_es.bench.figures import of_samples
from teddy_es.bench.lineup import contestant, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teddy_es.bench.crews import Crew
    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World


def append(plan: Plan, world: World) -> Iterator[Series]:
    """Every wanted measure, one after another."""
    for measure, crew in _CREWS.items():
        if plan.wants(measure):
            yield from _measured(plan, measure, partial(crew, world, measure))


def _measured(
    plan: Plan, measure: str, crew: Callable[[ExitStack, str], Crew]
) -> Iterator[Series]:
    with ExitStack() as opened:
        crews = {name: crew(opened, name) for name in plan.contestants}
        for name, at_work in crews.items():
            plan.tell(f"{measure}: warming up, {name}")
            at_work.work(min(1.0, plan.seconds))
        samples = plan.alternate(
            measure, {n: partial(c.work, plan.seconds) for n, c in crews.items()}
        )
    for name, taken in samples.items():
        yield of_samples(measure, name, taken)


def _threads(
    writers: int, world: World, measure: str, opened: ExitStack, name: str
) -> Crew:
    store = contestant(name, world, writers=writers)
    opened.callback(store.close)
    return Threads([store.writer(_own(measure, n)) for n in range(writers)])


def _rivals(
    writers: int, world: World, measure: str, opened: ExitStack, name: str
) -> Crew:
    store = contestant(name, world, writers=writers)
    opened.callback(store.close)
    return Threads([store.rival(_own(measure, 0)) for _ in range(writers)])


def _processes(
    writers: int, world: World, measure: str, opened: ExitStack, name: str
) -> Crew:
    own = [_own(measure, n) for n in range(writers)]
    crew = Processes(world, [partial(writing, name, one) for one in own])
    opened.callback(crew.close)
    return crew


def _own(measure: str, writer: int) -> str:
    return f"{measure.replace('/', '-')}-{writer}"


_CREWS: Final[dict[str, Callable[[World, str, ExitStack, str], Crew]]] = {
    "append/1": partial(_threads, 1),
    "append/8": partial(_threads, 8),
    "append/64": partial(_threads, 64),
    "append/8-processes": partial(_processes, 8),
    "append/8-one-stream": partial(_rivals, 8),
}

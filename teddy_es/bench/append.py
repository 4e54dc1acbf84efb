"""Appends of one event, acknowledged and readable: how many a second, and how long each takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from teddy_es.bench.crews import Processes, Threads
from teddy_es.bench.figures import of_samples
from teddy_es.bench.lineup import contestant, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.crews import Crew
    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

_Crew = Callable[[int, "World", str, ExitStack, str], "Crew"]

_BESIDES: Final = 10


def append(plan: Plan, world: World) -> Iterator[Series]:
    """Every wanted measure, one after another."""
    for measure, (writers, crew) in _CREWS.items():
        if plan.wants(measure):
            yield from _measured(plan, measure, partial(crew, writers, world, measure))


def connections_needed(plan: Plan) -> int:
    """At most at one time: one for each writer of each contestant, and some besides."""
    wanted = [n for measure, (n, _) in _CREWS.items() if plan.wants(measure)]
    return len(plan.contestants) * max(wanted, default=0) + _BESIDES


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


_CREWS: Final[dict[str, tuple[int, _Crew]]] = {
    "append/1": (1, _threads),
    "append/8": (8, _threads),
    "append/64": (64, _threads),
    "append/8-processes": (8, _processes),
    "append/8-one-stream": (8, _rivals),
}

"""Appends of one event, acknowledged and readable: how many a second, and how long each takes.

Threads are opened anew for every turn, on streams of that turn: a server need not have room for everybody's connections
at the same time. Processes take longer to begin than to measure, so they stay.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from teddy_es.bench.crews import Processes, Sample, Threads
from teddy_es.bench.figures import of_samples
from teddy_es.bench.lineup import contestant, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

_WARM_UP: Final = 0.5  # seconds at most
_BESIDES: Final = 10  # connections, whoever measures


def append(plan: Plan, world: World) -> Iterator[Series]:
    """Every wanted measure, one after another."""
    for measure, (writers, turn) in TURNS.items():
        if plan.wants(measure):
            with ExitStack() as opened:
                at = _At(measure, writers, plan.seconds, world, opened)
                turns = {name: turn(at, name) for name in plan.contestants}
                samples = plan.alternate(measure, turns)
            for name, taken in samples.items():
                yield of_samples(measure, name, taken)


def connections_needed(plan: Plan) -> int:
    """At most at one time."""
    needed = [
        writers * (len(plan.contestants) if turn is _processes else 1)
        for measure, (writers, turn) in TURNS.items()
        if plan.wants(measure)
    ]
    return max(needed, default=0) + _BESIDES


@dataclass(frozen=True, slots=True)
class _At:
    """A measure and what it takes. opened: what is put away at its end."""

    measure: str
    writers: int
    seconds: float
    world: World
    opened: ExitStack

    @property
    def name(self) -> str:
        """As it may stand in the name of a stream."""
        return self.measure.replace("/", "-")


_Turn = Callable[[], Sample]


def _threads(at: _At, name: str) -> _Turn:
    return partial(_open_and_work, at, name, count(), shared=False)


def _rivals(at: _At, name: str) -> _Turn:
    return partial(_open_and_work, at, name, count(), shared=True)


def _processes(at: _At, name: str) -> _Turn:
    jobs = [partial(writing, name, f"{at.name}-{n}") for n in range(at.writers)]
    crew = Processes(at.world, jobs)
    at.opened.callback(crew.close)
    crew.work(min(_WARM_UP, at.seconds))
    return partial(crew.work, at.seconds)


def _open_and_work(at: _At, name: str, turns: Iterator[int], *, shared: bool) -> Sample:
    own = f"{at.name}-{next(turns)}"
    with closing(contestant(name, at.world, writers=at.writers)) as store:
        crew = Threads(
            [
                store.rival(own) if shared else store.writer(f"{own}-{n}")
                for n in range(at.writers)
            ]
        )
        crew.work(min(_WARM_UP, at.seconds))
        return crew.work(at.seconds)


TURNS: Final[dict[str, tuple[int, Callable[[_At, str], _Turn]]]] = {
    "append/1": (1, _threads),
    "append/8": (8, _threads),
    "append/64": (64, _threads),
    "append/8-processes": (8, _processes),
    "append/8-one-stream": (8, _rivals),
}
"""Measure → how many writers, and what a turn is."""

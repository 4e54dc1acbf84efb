"""Looks at a server while it is asked: what its workers hold, as time goes by."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from eventstore.database import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from teddy_es.bench.http.web import Web
    from teddy_es.bench.world import World

_SESSIONS: Final = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"


@dataclass(frozen=True, slots=True)
class Held:
    """By all workers together. files: open ones, sockets among them; sessions: at the world's database, everybody's."""

    memory_mb: float
    files: int
    sockets: int
    sessions: int


@contextmanager
def looked_at(
    web: Web, world: World, every_s: float, tell: Callable[[Held], None]
) -> Iterator[list[Held]]:
    """A look at once, and one after each so many seconds, until the block ends."""
    looks = [_look(web, world)]
    ended = threading.Event()

    def look_on() -> None:
        while not ended.wait(every_s):
            looks.append(_look(web, world))
            tell(looks[-1])

    looker = threading.Thread(target=look_on)
    looker.start()
    try:
        yield looks
    finally:
        ended.set()
        looker.join()


def grown(values: Sequence[float]) -> float:
    """By how much the middle of the last third lies above the middle of the first."""
    third = max(1, len(values) // 3)
    return median(values[-third:]) - median(values[:third])


def middles(values: Sequence[float], parts: int) -> tuple[float, ...]:
    """The middle of each part of them, in their order; of fewer values fewer parts."""
    size = -(-len(values) // parts)
    return tuple(median(values[n : n + size]) for n in range(0, len(values), size))


def _look(web: Web, world: World) -> Held:
    with connect() as connection:
        row = connection.execute(_SESSIONS, [world.database]).fetchone()
    files, sockets = web.files
    return Held(web.memory_mb, files, sockets, row[0] if row else 0)

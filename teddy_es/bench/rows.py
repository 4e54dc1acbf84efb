"""Readers of the projection that is measured, in a process of their own."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

import django

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from teddy_es.bench.world import World

_PAGE: Final = 20
_PAUSE: Final = 0.01  # seconds


def read_rows(world: World, ids: Sequence[str], pipe: Connection) -> None:
    """A page's worth of rows, a hundred times a second, by the names that applications know.

    Asked through the pipe, it gives the ms of each read since it was asked last. Raises RuntimeError for a row that is not there.
    """
    django.setup()
    from teddy_es.bench.conf import elsewhere
    from teddy_es.bench.projection import Spoken

    chance = random.Random(2)
    with elsewhere(world.database, world.eventstore):
        while True:
            took: list[float] = []
            while not pipe.poll(_PAUSE):
                some = chance.sample(ids, min(_PAGE, len(ids)))
                started = time.monotonic()
                count = len(Spoken.objects.in_bulk(some))
                took.append((time.monotonic() - started) * 1000)
                if count != len(some):
                    msg = "a reader did not find what is there"
                    raise RuntimeError(msg)
            pipe.recv()
            pipe.send(took)

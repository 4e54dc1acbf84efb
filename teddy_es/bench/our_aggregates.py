"""This store's aggregates: the repository, with snapshots built in the background, or without any."""

from __future__ import annotations

from itertools import cycle
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from eventstore.clock import SystemClock
from eventstore.repository import AggregateRepository
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder.run import Snapshotter
from eventstore.store import make_event_store
from teddy_es.bench.domain import talks, texts
from teddy_es.bench.fill import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from teddy_es.bench.contestants import Append
    from teddy_es.bench.world import World

_EVERY: Final = 1.0  # seconds from one look at what is due to the next


class OurAggregates:
    """See `AggregateContestant`. A thread builds what is due once a second, as the job does every ten.

    cache: aggregates that the repository may remember.
    """

    def __init__(self, world: World, *, snapshots: bool, cache: int) -> None:
        self._world = world
        self._store = make_event_store()
        self._class = talks(world.suffix)
        self._talks = AggregateRepository(
            self._class,
            self._store,
            snapshots=snapshot_store(self._class) if snapshots else None,
            cache=cache,
        )
        self._snapshotter = Snapshotter(self._store, SystemClock(), Random(1))
        self._stop = Event()
        self._builder = Thread(target=self._build, name="builder", daemon=True)
        if snapshots:
            self._builder.start()

    def loader(self, own: str, events: int) -> Callable[[], int]:
        """See `AggregateContestant`."""
        name = self._filled(own, events, 1)[0]
        return lambda: self._talks.load(name).version

    def past(self, own: str, events: int) -> Callable[[int], int]:
        """See `AggregateContestant`."""
        name = self._filled(own, events, 1)[0]
        return lambda version: self._talks.load(name, version=version).version

    def commander(self, own: str, events: int, aggregates: int) -> Append:
        """See `AggregateContestant`."""
        turns, text = cycle(self._filled(own, events, aggregates)), texts(own)

        def command() -> None:
            talk = self._talks.load(next(turns))
            talk.happen(text())
            self._talks.save(talk)

        return command

    def settle(self) -> None:
        """See `AggregateContestant`."""
        self._snapshotter.build_due()

    def close(self) -> None:
        """See `AggregateContestant`."""
        self._stop.set()
        if self._builder.is_alive():
            self._builder.join(60)
        self._store.close()

    def _filled(self, own: str, events: int, aggregates: int) -> list[str]:
        """The aggregates' own ids."""
        fill(self._store, self._world, own, events * aggregates, streams=aggregates)
        return [f"{own}-{n}" for n in range(aggregates)]

    def _build(self) -> None:
        from django.db import connections

        while not self._stop.wait(_EVERY):
            self._snapshotter.build_due(stopped=self._stop.is_set)
        connections.close_all()

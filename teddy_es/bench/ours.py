"""This store: `append` with the version that the writer knows, one event a commit."""

from __future__ import annotations

from itertools import cycle
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.errors import WrongExpectedVersion
from eventstore.events import NewEvent
from eventstore.store import make_event_store
from teddy_es.bench.contestants import STREAMS
from teddy_es.bench.domain import Happened, texts
from teddy_es.bench.fill import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from teddy_es.bench.contestants import Append
    from teddy_es.bench.world import World


class Ours:
    """See `Contestant`. Answered when it is folded."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = make_event_store()

    def writer(self, own: str) -> Append:
        """Expects the version that it appended last."""
        heads = {self._world.stream(f"{own}-{n}"): 0 for n in range(STREAMS)}
        return self._in_turn(heads, list(heads), own)

    def rival(self, shared: str) -> Append:
        """Expects what it saw last; takes the version from the refusal."""
        stream, text, head = self._world.stream(shared), texts(f"{shared}-{uuid4()}"), 0

        def append() -> None:
            nonlocal head
            event = NewEvent(Happened(text=text()))
            while True:
                try:
                    head = self._store.append(stream, [event], head).last_version
                except WrongExpectedVersion as refused:
                    head = refused.current_version
                else:
                    return

        return append

    def visitor(self, name: str, events: int, streams: int) -> Append:
        """Appends to filled streams (see `fill`) in an order that no cache can guess."""
        each, more = divmod(events, streams)
        heads = {
            self._world.stream(f"{name}-{n}"): each + (n < more) for n in range(streams)
        }
        order = list(heads)
        Random(streams).shuffle(order)
        return self._in_turn(heads, order, name)

    def reader(self, own: str, events: int) -> Callable[[], int]:
        """By `read`."""
        fill(self._store, self._world, own, events, streams=1)
        stream = self._world.stream(f"{own}-0")
        return lambda: len(list(self._store.read(stream)))

    def close(self) -> None:
        """See `Contestant`."""
        self._store.close()

    def _in_turn(self, heads: dict[str, int], order: list[str], own: str) -> Append:
        """Appends to one stream after another, expecting the heads, which it keeps up."""
        turns, text = cycle(order), texts(own)

        def append() -> None:
            stream = next(turns)
            event = NewEvent(Happened(text=text()))
            result = self._store.append(stream, [event], heads[stream])
            heads[stream] = result.last_version

        return append

"""An append waits for keys where waiting is allowed, and writes nothing where there are none."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.appender.admission import Door
from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.errors import KeyStoreUnavailable, StreamNotFound
from eventstore.events import Expected, NewEvent, stream_type_in
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore

PLACED = NewEvent(OrderPlaced(customer_id="c-1", remark="Zyzzyva-7141"))


def a_stream(store: EventStore) -> str:
    topic = next(iter(store.topics.numbers))
    return f"{stream_type_in(topic)}.{uuid4()}"


@pytest.fixture
def sealed_by(embedded_store: EventStore) -> Iterator[Any]:
    """Makes a store like the embedded one, under keys of the test's."""
    made: list[EventStore] = []

    def make(ring: MemoryKeys) -> EventStore:
        clock = SystemClock()
        store = type(embedded_store)(
            topics=embedded_store.topics,
            door=Door(registry(), clock, KeySealer(ring)),
            clock=clock,
        )
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


class SlowKeys(MemoryKeys):
    """A key store that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = Event()

    def sealing(self, names: Any) -> Any:
        """See `KeyRing`. An event loop that waited here would wait for itself."""
        assert self.may_answer.wait(30), "the loop was held"
        return super().sealing(names)


class NoKeys(MemoryKeys):
    """A key store that does not answer."""

    def sealing(self, names: Any) -> Any:
        """See `KeyRing`."""
        raise KeyStoreUnavailable

    def opening(self, ids: Any) -> Any:
        """See `KeyRing`."""
        raise KeyStoreUnavailable


def test_keys_that_are_waited_for_do_not_hold_the_loop(sealed_by: Any) -> None:
    ring = SlowKeys()
    store = sealed_by(ring)
    stream = a_stream(store)

    async def work() -> int:
        waiting = asyncio.ensure_future(store.aappend(stream, [PLACED], 0))
        clear = NewEvent(OrderChanged(quantity=1))
        await store.aappend(a_stream(store), [clear], Expected.NO_STREAM)
        ring.may_answer.set()
        return int((await waiting).last_version)

    assert asyncio.run(work()) == 1


def test_without_keys_nothing_is_written_and_never_in_the_clear(sealed_by: Any) -> None:
    store = sealed_by(NoKeys())
    stream = a_stream(store)

    appends: list[Any] = [
        lambda: store.append(stream, [PLACED], 0),
        lambda: store.submit(stream, [PLACED], 0),
        lambda: store.submit_past(stream, [PLACED], commit_id=uuid4()),
        lambda: asyncio.run(store.aappend(stream, [PLACED], 0)),
    ]
    for append in appends:
        with pytest.raises(KeyStoreUnavailable):
            append()

    with pytest.raises(StreamNotFound):
        store.stream_info(stream)
    clear = store.append(stream, [NewEvent(OrderChanged(quantity=1))], 0)
    assert clear.last_version == 1


def test_a_repeat_whose_keys_nobody_gives_is_not_guessed(
    embedded_store: EventStore, sealed_by: Any
) -> None:
    ring, stream, commit_id = MemoryKeys(), a_stream(embedded_store), uuid4()
    sealed_by(ring).append(stream, [PLACED], 0, commit_id=commit_id)
    silent = NoKeys()
    silent._keys = ring._keys  # what seals is in memory; what opens is asked for
    held = sealed_by(silent)

    with pytest.raises(KeyStoreUnavailable):
        held.append(stream, [PLACED], 0, commit_id=commit_id)

    again = sealed_by(ring).append(stream, [PLACED], 0, commit_id=commit_id)
    assert again.replayed

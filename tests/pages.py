"""For tests of readers by pages: histories whose commits are of one to four events, and bounds to stand at."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.errors import WrongExpectedVersion
from eventstore.events import Expected, NewEvent
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from random import Random

    from eventstore.store import EventStore

ROWS = (1, 2, 3, 5)
SIZES = (1, 700, 2_000, 10**7)  # bytes; a commit here has some hundred


def stream_type(store: EventStore) -> str:
    """The only one of the store."""
    return next(iter(store.topics.numbers)).removeprefix("eventstore.")


def fill(store: EventStore, chance: Random, *, commits: int, streams: int) -> list[str]:
    """Streams that are full of commits of all sizes, and refused ones between them; their ids."""
    names = [f"{stream_type(store)}.{uuid4()}" for _ in range(streams)]
    for n in range(commits):
        name = chance.choice(names)
        if chance.random() < 0.1:
            refused(store, name)
        remark = "x" * chance.choice([0, 10, 900])
        events = [
            NewEvent(OrderPlaced(customer_id=str(n), remark=remark))
            if chance.random() < 0.4
            else NewEvent(OrderChanged(quantity=n))
            for _ in range(chance.choice([1, 1, 2, 3, 4]))
        ]
        store.append(name, events, Expected.ANY)
    return names


def refused(store: EventStore, stream_id: str) -> None:
    """A record that the log holds and nobody reads."""
    try:
        store.append(stream_id, [NewEvent(OrderChanged(quantity=0))], 10**6)
    except WrongExpectedVersion:
        return
    msg = "it was expected to be refused"
    raise AssertionError(msg)

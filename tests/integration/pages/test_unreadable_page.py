"""An unreadable event in a page that is decoded while it arrives: the error comes out, and the connection can be used again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import transaction

from eventstore.errors import UnreadableEvent
from eventstore.repository import AggregateRepository
from eventstore.testing.shop_orders import Order
from tests.support.worlds import changed, record

if TYPE_CHECKING:
    from tests.support.worlds import FaultyStore, World

BEFORE, BEHIND = 300, 400  # more than a first page, and more than arrives at once


@pytest.fixture
def stream(audited: World, here: FaultyStore) -> str:
    """Of 701 records; the 301st is none that this code can read."""
    stream = audited.stream()
    for n in range(BEFORE):
        here.submit(stream, [changed(n)], "any")
    vanished = {
        "event_id": str(uuid4()),
        "type": "OrderVanished",
        "schema": 1,
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "correlation_id": None,
        "causation_id": None,
        "data": {},
    }
    here.append(stream, [changed(BEFORE)], "any")
    foreign = record(stream, expected="any", events=[vanished])
    audited.foreign(audited.place(stream), foreign, stream.encode())
    for n in range(BEHIND):
        here.submit(stream, [changed(n)], "any")
    here.append(stream, [changed(BEHIND)], "any")
    return stream


def test_the_load_says_which_event_it_is_and_the_connection_goes_on(
    audited: World, here: FaultyStore, stream: str
) -> None:
    order_class = type("Order", (Order,), {"stream_type": audited.stream_type})
    orders: AggregateRepository[Order] = AggregateRepository(order_class, here)
    own_id = stream.partition(".")[2]

    with transaction.atomic():
        with pytest.raises(UnreadableEvent) as refused:
            orders.load(own_id)
        # the transaction of whoever asked is as good as before
        assert orders.load(own_id, version=BEFORE).version == BEFORE

    error = refused.value
    events = list(here.read(stream))
    unreadable = next(event for event in events if event.problem)
    assert (error.event_type, error.version) == ("OrderVanished", BEFORE + 2)
    assert error.position == str(unreadable.position)
    assert len(events) == BEFORE + BEHIND + 3

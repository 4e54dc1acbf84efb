"""The service: one repository a class, snapshots by hand, and a bus that hears of all of it."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from eventstore import metrics
from eventstore.errors import StreamNotFound
from eventstore.service import EventSourcingService, get_service
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.topics import create, snapshot_topics
from eventstore.store import _the_store, get_event_store
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop_orders import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def order_class(store: EventStore) -> type[Order]:
    topic = next(iter(store.topics.numbers))
    return type("Order", (Order,), {"stream_type": topic.partition(".")[2]})


@pytest.fixture
def service(store: EventStore) -> EventSourcingService:
    log = store.make_log()
    create(snapshot_topics(), log)
    log.close()
    return EventSourcingService(store)


def changed(
    service: EventSourcingService, order_class: type[Order], times: int
) -> Order:
    order = order_class(str(uuid4()))
    order.place("customer-1")
    for quantity in range(times):
        order.change(quantity)
    service.repository_for(order_class).save(order)
    return order


def test_a_class_has_one_repository(
    service: EventSourcingService, order_class: type[Order]
) -> None:
    assert service.repository_for(order_class) is service.repository_for(order_class)
    assert service.repository_for(order_class) is not service.repository_for(Order)


def test_a_stream_is_told(
    service: EventSourcingService, order_class: type[Order]
) -> None:
    order = changed(service, order_class, 4)

    assert service.stream_info(order.stream_id).version == 5
    with pytest.raises(StreamNotFound):
        service.stream_info(f"{order.stream_id}-b")


@pytest.mark.parametrize("version", [None, 3])
def test_a_snapshot_by_hand_is_what_the_next_load_begins_with(
    service: EventSourcingService,
    store: EventStore,
    order_class: type[Order],
    version: int | None,
) -> None:
    order = changed(service, order_class, 6)

    made = service.create_snapshot(order_class, order.aggregate_id, version=version)
    again = service.create_snapshot(order_class, order.aggregate_id, version=version)

    wanted = version or 7
    assert made == again
    assert made.version == wanted
    found = snapshot_store(order_class).newest(order.stream_id)
    assert found == made
    fresh = EventSourcingService(store).repository_for(order_class)
    before = replayed(order_class)
    assert fresh.load(order.aggregate_id).state == order.state
    assert replayed(order_class) - before == 7 - wanted


def replayed(order_class: type[Order]) -> float:
    """Events that loads of this class have replayed so far."""
    (metric,) = metrics.REPLAYED_EVENTS.collect()
    return sum(
        sample.value
        for sample in metric.samples
        if sample.name.endswith("_sum")
        and sample.labels["stream_type"] == order_class.stream_type
    )


def test_there_is_no_snapshot_of_what_never_happened(
    service: EventSourcingService, order_class: type[Order]
) -> None:
    with pytest.raises(StreamNotFound):
        service.create_snapshot(order_class, "nobody")


def test_the_bus_hears_of_every_repository(
    service: EventSourcingService, order_class: type[Order]
) -> None:
    heard: list[int] = []
    service.event_bus.subscribe(lambda event: heard.append(event.version))

    changed(service, order_class, 2)

    assert heard == [1, 2, 3]


def test_coroutines_have_the_same(
    service: EventSourcingService, order_class: type[Order]
) -> None:
    order = changed(service, order_class, 3)

    async def ask() -> tuple[int, int]:
        info = await service.astream_info(order.stream_id)
        made = await service.acreate_snapshot(order_class, order.aggregate_id)
        await sync_to_async(connections.close_all)()
        return info.version, made.version

    assert asyncio.run(ask()) == (4, 4)


def test_a_store_in_memory_does_without_snapshots(store: EventStore) -> None:
    service = EventSourcingService(MemoryEventStore(), snapshots=None)

    with pytest.raises(ValueError, match="without snapshots"):
        service.create_snapshot(Order, "1")


def test_the_configured_service_is_one_a_process(store: EventStore) -> None:
    del store

    assert get_service() is get_service()


@pytest.fixture
def _threads_that_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_that_take_turns_often")
def test_of_many_threads_that_ask_first_one_makes_store_and_service(
    store: EventStore,
) -> None:
    del store
    for _ in range(20):
        begin = Barrier(8)

        def ask(_: int, begin: Barrier = begin) -> EventSourcingService:
            begin.wait(120)
            return get_service()

        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(ask, range(8)))

        assert len({id(one) for one in found}) == 1
        assert len({id(one.store) for one in found}) == 1
        get_event_store().close()
        _the_store.cache_clear()

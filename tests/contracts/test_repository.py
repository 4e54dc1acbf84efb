"""The repository's contract, in memory and on both logs; and the event store's, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.repository_contract import RepositoryContract
from eventstore.testing.shop_orders import Order
from eventstore.testing.store_contract import EventStoreContract

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore


class OnAnyStore(RepositoryContract):
    """The aggregate's stream type is the store's."""

    @pytest.fixture
    def order_class(self, store: EventStore) -> type[Order]:
        """Of streams that no other test has."""
        topic = next(iter(store.topics.numbers))
        return type("Order", (Order,), {"stream_type": topic.partition(".")[2]})


@pytest.fixture
def memory_store(settings: Settings) -> EventStore:
    """A store that forgets all of it with itself."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "REGISTRY": "tests.shops.order_here",
        "AGGREGATES": [],
    }
    return cast("EventStore", MemoryEventStore())


class TestMemoryEventStore(EventStoreContract):
    """In memory."""

    @pytest.fixture
    def store(self, memory_store: EventStore) -> EventStore:
        """The store under test."""
        return memory_store


class TestRepositoryInMemory(OnAnyStore):
    """In memory."""

    @pytest.fixture
    def store(self, memory_store: EventStore) -> EventStore:
        """The store under test."""
        return memory_store


class TestRepositoryOnTheEmbeddedLog(OnAnyStore):
    """On the log in PostgreSQL."""

    @pytest.fixture
    def store(self, embedded_store: EventStore) -> EventStore:
        """The store under test."""
        return embedded_store


@pytest.mark.kafka
class TestRepositoryOnKafka(OnAnyStore):
    """On a real broker."""

    @pytest.fixture
    def store(self, kafka_store: EventStore) -> EventStore:
        """The store under test."""
        return kafka_store

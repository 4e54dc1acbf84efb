"""The event store's contract, on both logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import shop
from eventstore.testing.store_contract import EventStoreContract

if TYPE_CHECKING:
    from eventstore.store import EventStore


class TestMemoryEventStore(EventStoreContract):
    """In memory: what unit tests of applications run on."""

    @pytest.fixture
    def store(self) -> MemoryEventStore:
        """The store under test."""
        return MemoryEventStore(shop())


class TestEmbeddedEventStore(EventStoreContract):
    """On the log in PostgreSQL."""

    @pytest.fixture
    def store(self, embedded_store: EventStore) -> EventStore:
        """The store under test."""
        return embedded_store


@pytest.mark.kafka
class TestKafkaEventStore(EventStoreContract):
    """On a real broker."""

    @pytest.fixture
    def store(self, kafka_store: EventStore) -> EventStore:
        """The store under test."""
        return kafka_store

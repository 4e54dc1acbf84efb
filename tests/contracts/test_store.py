"""The event store's contract, on both logs."""

from __future__ import annotations

import pytest

from eventstore.store import EventStore
from eventstore.testing.store_contract import EventStoreContract


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

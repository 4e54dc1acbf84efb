"""The event store's contract, on both logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.store import EventStore
from eventstore.testing.faulty_log import FaultyLog, Network
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import shop
from eventstore.testing.store_contract import EventStoreContract
from eventstore.testing.store_silence_contract import StoreSilenceContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.ports import Log


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


class Networked(EventStore):
    """A process beside another, behind a network that can fail."""

    def __init__(self, beside: EventStore, network: Network) -> None:
        self._beside = beside
        self._network = network
        super().__init__(
            topics=beside.topics, door=beside._intake.door, clock=beside._clock
        )

    def make_log(self) -> Log:
        """See `EventStore`."""
        return FaultyLog(self._beside.make_log(), self._network)


class TestEmbeddedStoreOnASilentLog(StoreSilenceContract):
    """On the log in PostgreSQL."""

    @pytest.fixture
    def store(
        self, embedded_store: EventStore, network: Network
    ) -> Iterator[EventStore]:
        """The store under test."""
        store = Networked(embedded_store, network)
        yield store
        store.close()


@pytest.mark.kafka
class TestKafkaStoreOnASilentLog(StoreSilenceContract):
    """On a real broker."""

    @pytest.fixture
    def store(self, kafka_store: EventStore, network: Network) -> Iterator[EventStore]:
        """The store under test."""
        store = Networked(kafka_store, network)
        yield store
        store.close()

"""The snapshot store's contract, on both logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.conf import aggregates
from eventstore.snapshots import (
    EmbeddedSnapshotStore,
    KafkaSnapshotStore,
    SnapshotStore,
    snapshot_store,
)
from eventstore.snapshots.topics import create, snapshot_topics
from eventstore.testing.snapshot_contract import SnapshotStoreContract

if TYPE_CHECKING:
    from eventstore.store import EventStore


@pytest.fixture
def snapshots(store: EventStore) -> SnapshotStore[Any]:
    """Those of the store's one class."""
    log = store.make_log()
    create(snapshot_topics(), log)
    log.close()
    (order,) = aggregates().values()
    return snapshot_store(order)


class TestEmbeddedSnapshotStore(SnapshotStoreContract):
    """On the log in PostgreSQL."""

    @pytest.fixture
    def store(self, embedded_store: EventStore) -> EventStore:
        """The store under test."""
        return embedded_store

    def test_it_is_the_configured_one(self, snapshots: SnapshotStore[Any]) -> None:
        assert isinstance(snapshots, EmbeddedSnapshotStore)


@pytest.mark.kafka
class TestKafkaSnapshotStore(SnapshotStoreContract):
    """On a real broker."""

    @pytest.fixture
    def store(self, kafka_store: EventStore) -> EventStore:
        """The store under test."""
        return kafka_store

    def test_it_is_the_configured_one(self, snapshots: SnapshotStore[Any]) -> None:
        assert isinstance(snapshots, KafkaSnapshotStore)

"""Snapshots: an aggregate's state at a version, kept so that a load need not replay all. docs/guide/SNAPSHOTS.md."""

from __future__ import annotations

from eventstore.snapshots.snapshot import Snapshot, Stamp, stamp_of
from eventstore.snapshots.store import (
    EmbeddedSnapshotStore,
    KafkaSnapshotStore,
    SnapshotStore,
    snapshot_store,
)

__all__ = [
    "EmbeddedSnapshotStore",
    "KafkaSnapshotStore",
    "Snapshot",
    "SnapshotStore",
    "Stamp",
    "snapshot_store",
    "stamp_of",
]

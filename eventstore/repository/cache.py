"""Aggregates that a process has just had: their states, packed, so that nobody can change what another will get."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, Final, Generic, TypeVar

import msgspec
import structlog

from eventstore import metrics
from eventstore.aggregates import Aggregate

logger = structlog.get_logger(__name__)

A = TypeVar("A", bound=Aggregate[Any])

_LARGEST: Final = 65_536  # bytes of a packed state; the limit of snapshots


class AggregateCache(Generic[A]):
    """The last so many by their ids; for use from many threads. Whoever takes one asks the stream's head first."""

    def __init__(self, aggregate_class: type[A], size: int) -> None:
        self._class = aggregate_class
        self._size = size
        self._lock = Lock()
        self._has_told = False
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def get(self, aggregate_id: str) -> A | None:
        """A copy as it was put; None if it is not there."""
        with self._lock:
            kept = self._kept.get(aggregate_id)
            if kept is None:
                return None
            self._kept.move_to_end(aggregate_id)
        version, packed = kept
        try:
            state = msgspec.msgpack.decode(packed, type=self._class.state_type)
            return self._class(aggregate_id, state=state, version=version)
        except Exception as error:  # noqa: BLE001  (a load can do without)
            self._failed(error)
        with self._lock:
            self._kept.pop(aggregate_id, None)
        return None

    def put(self, aggregate: A) -> None:
        """Keep it as it is now. Not one that cannot be packed, or is too large: that is for the snapshots to say.

        Never raises: what is loaded or saved is so, whatever becomes of it here.
        """
        if not self._size:
            return
        try:
            packed = msgspec.msgpack.encode(aggregate.state)
        except Exception as error:  # noqa: BLE001  (as above)
            self._failed(error)
            packed = b""
        with self._lock:
            self._kept.pop(aggregate.aggregate_id, None)
            if 0 < len(packed) <= _LARGEST:
                self._kept[aggregate.aggregate_id] = aggregate.version, packed
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def _failed(self, error: Exception) -> None:
        """Each is counted, the first is told; by its kind, for its text may quote the state."""
        metrics.CACHE_ERRORS.labels(self._class.stream_type).inc()
        if not self._has_told:
            self._has_told = True
            logger.warning(
                "the cache cannot hold an aggregate; loads go on without it",
                action="cache-skipped",
                stream_type=self._class.stream_type,
                error=type(error).__name__,
            )

"""The Log port on Kafka: which part answers which call, and whose process the connections belong to."""

from __future__ import annotations

import importlib
import os
import time
from typing import TYPE_CHECKING, Any

from eventstore.log.kafka.altering import alter
from eventstore.log.kafka.cluster import Cluster
from eventstore.log.kafka.reader import Reader
from eventstore.log.kafka.restorer import Restorer
from eventstore.log.kafka.topics import TopicAdmin
from eventstore.log.kafka.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from eventstore.events import Place
    from eventstore.ports import Answer, Batch, Extent, LogRecord, Proposal, Topic

ADMIN_S = 15.0
# Clients of a parent process: kept, so that no finalizer closes what the parent still uses.
_ABANDONED: list[object] = []


class KafkaLog:
    """The log on a Kafka cluster, 2.8 or newer.

    One instance for each thread that uses it: its connections are driven by the calling thread. It may be
    made before a fork and used after it; connections are opened at first use, by each process its own.

    security: kafka-python's `security_protocol`, `ssl_*` and `sasl_*` options.
    replication_factor: of the topics that `create` makes; three, or all brokers if there are fewer.
    patience_s: how long a read looks for a leader before it raises `LogUnanswered`.
    """

    kind = "kafka"

    def __init__(
        self,
        bootstrap: Sequence[str],
        *,
        security: Mapping[str, Any] | None = None,
        replication_factor: int | None = None,
        patience_s: float = 5.0,
    ) -> None:
        _require_extras()
        security = dict(security or {})
        _require_security_only(security)
        options = security | {
            "bootstrap_servers": list(bootstrap),
            "client_id": "eventstore",
        }
        self._cluster = Cluster(options)
        self._reader = Reader(self._cluster, patience_s=patience_s)
        self._writer = Writer(self._cluster)
        self._topics = TopicAdmin(
            self._cluster,
            bootstrap=",".join(bootstrap),
            is_open=security.get("security_protocol", "PLAINTEXT") == "PLAINTEXT",
            replication_factor=replication_factor,
        )
        self._restorer = Restorer(self._cluster, self._reader, patience_s=patience_s)
        self._pid = os.getpid()

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """See `Log.append`."""
        self._own_process()
        return self._writer.append(proposals, timeout_s)

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See `Log.read`. Never waits for records to come."""
        self._own_process()
        return self._reader.read(place, offset, max_bytes)

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See `Log.extents`."""
        self._own_process()
        return self._reader.extents(places)

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """See `Log.topics`."""
        self._own_process()
        return self._topics.describe(names, deadline=time.monotonic() + ADMIN_S)

    def create(self, names: Iterable[str], *, partitions: int) -> None:
        """See `Log.create`."""
        self._own_process()
        self._topics.create(
            names, partitions=partitions, deadline=time.monotonic() + ADMIN_S
        )

    def alter(self, topic: str, settings: Mapping[str, str]) -> None:
        """See `Repairable.alter`."""
        self._own_process()
        alter(self._cluster, topic, settings, deadline=time.monotonic() + ADMIN_S)

    def restoring(self, topic: str) -> AbstractContextManager[None]:
        """See `Restorable.restoring`."""
        self._own_process()
        return self._restorer.restoring(topic)

    def restore(self, place: Place, records: Sequence[LogRecord]) -> None:
        """See `Restorable.restore`."""
        self._own_process()
        self._restorer.restore(place, records)

    def close(self) -> None:
        """See `Log.close`. A later call opens connections anew."""
        self._own_process()
        self._cluster.close()

    def _own_process(self) -> None:
        if self._pid != os.getpid():
            _ABANDONED.append(self._cluster.abandon())
            self._pid = os.getpid()


def _require_extras() -> None:
    """Without crc32c every record costs 140 µs more, and kafka-python says nothing; without snappy it cannot send."""
    for module in ("crc32c", "snappy"):
        try:
            importlib.import_module(module)
        except ImportError as error:
            msg = (
                f"KafkaLog needs the Python package {module}:"
                " pip install 'kafka-python[crc32c,snappy]'"
            )
            raise ImportError(msg) from error


def _require_security_only(options: Mapping[str, Any]) -> None:
    """The low-level client ignores what it does not know; a mistyped option would switch security off in silence."""
    for name in options:
        if not name.startswith(("security_protocol", "ssl_", "sasl_")):
            msg = f"{name} is no security option: security_protocol, ssl_*, sasl_*"
            raise ValueError(msg)

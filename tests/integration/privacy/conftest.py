"""A store whose events are sealed under keys of the real key store."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.conf import registry
from eventstore.database import connect
from eventstore.events import Expected, NewEvent
from eventstore.keys import configured
from eventstore.opening import opener
from eventstore.opening.configured import _ring_at
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderPlaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import AppendResult, RecordedEvent
    from eventstore.store import EventStore
    from tests.plugins.stores import Stores

SECRET = "nobody may read this"  # noqa: S105  (what a person said)
REST: dict[str, Any] = {
    "since": "2020-01-01",
    "purpose": "p",
    "need": "n",
    "source": "s",
}


@dataclass
class Shop:
    """The store, and what tests do with it."""

    store: EventStore
    suffix: str

    def say(
        self, subject: str, month: str = "2026-01", order: str = "o-1"
    ) -> AppendResult:
        """Something sensitive is said by a subject, in a month."""
        at = datetime.fromisoformat(f"{month}-15").replace(tzinfo=UTC)
        event = NewEvent(
            OrderPlaced(customer_id=subject, remark=SECRET), occurred_at=at
        )
        stream_id = f"order_{self.suffix}.{order}"
        return self.store.append(stream_id, [event], Expected.ANY)

    def heard(self, order: str = "o-1") -> list[Any]:
        """What who may opens reads of the remarks: the words, or why not."""
        return [
            event.data.get("remark", event.withheld)
            for event in self.read(order, may=True)
        ]

    def read(self, order: str = "o-1", *, may: bool = False) -> list[RecordedEvent]:
        """The events of an order."""
        stream_id = f"order_{self.suffix}.{order}"
        mine = opener() if may else None
        return list(self.store.read(stream_id, opener=mine))

    def told(self, subject: str) -> list[str]:
        """The events of a subject's privacy stream, by their types."""
        events = registry().privacy
        assert events is not None
        stream = events.stream_of(subject)
        return [one.metadata.event_type for one in self.store.read(stream)]


def begin_anew() -> None:
    """As a process that has just been started: it has no key in memory, and no session."""
    configured.reset()
    _ring_at.cache_clear()


def backup() -> list[tuple[str, list[tuple[Any, ...]]]]:
    """The key store's tables as they are."""
    with connect("keys") as connection:
        return [
            (name, connection.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608
            for name in ("keys_subject", "keys_datakey", "keys_mark")
        ]


def put_back(tables: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
    """What a restore does: nothing that came later is there any more."""
    with connect("keys") as connection:
        connection.execute("TRUNCATE keys_subject, keys_datakey, keys_mark")
        for name, rows in tables:
            for row in rows:
                values = ", ".join(["%s"] * len(row))
                connection.execute(f"INSERT INTO {name} VALUES ({values})", row)  # noqa: S608
    begin_anew()


@pytest.fixture
def shop(stores: Stores) -> Iterator[Shop]:
    """On the embedded log."""
    suffix = uuid4().hex[:8]
    begin_anew()
    stores(
        "embedded",
        REGISTRY=f"tests.shops.private_{suffix}",
        AGGREGATES=[],
        KEYS="eventstore.keys.configured.key_ring",
        KEK="env",
        KEK_SECRETS=[b64encode(bytes(range(32))).decode()],
        RETENTION={"order": [{**REST, "months": 2}]},
        KEY_BACKUP_DAYS=35,
    )
    yield Shop(get_event_store(), suffix)
    begin_anew()

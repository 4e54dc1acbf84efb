"""Event stores that really commit, each on topics of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from eventstore.api.feed import process
from eventstore.errors import LogUnanswered
from eventstore.indexer.mark import complete
from eventstore.log import topics
from eventstore.queries.completeness import completed_by
from eventstore.snapshots import topics as snapshot_topics
from eventstore.store import EventStore, _the_store, get_event_store, make_event_store
from tests.support.clocks import A_HANG_S

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from eventstore.indexer.indexer import Indexer

Stores = Callable[..., EventStore]

# settings of a store whose domain names no events of keys, and has no subscriptions, projections and ledger, which are the project's
WITHOUT_PRIVACY: Final[Mapping[str, object]] = {
    "KEYS": "eventstore.testing.memory_keys.keys_of_this_process",
    "SUBSCRIPTIONS": [],
    "PROJECTIONS": [],
    "ACCESS_RECORDER": "",
}


@pytest.fixture(autouse=True)
def _the_configured_store_is_nobodys_heritage() -> Iterator[None]:
    """`get_event_store()` gives one store a process, and the feed one hub of it: the next test's settings may want another."""
    yield
    assert process.close()  # first: its thread reads from the store
    if _the_store.cache_info().currsize:
        get_event_store().close()
        _the_store.cache_clear()


@pytest.fixture
def stores(transactional_db: None, settings: Settings) -> Iterator[Stores]:
    """Make stores: `stores("embedded")`, `stores("kafka", bootstrap)`; all of a test on the same topics.

    A second store of a test stands for a second process: it shares nothing with the first but log and database. The
    latest one completes the index for readers, where the mark is missing.
    """
    stream_type = f"order_{uuid4().hex[:8]}"
    with ExitStack() as made:
        made.callback(
            completed_by, completed_by(lambda: made_last[-1].complete_index())
        )
        made_last: list[EventStore] = []

        def make(kind: str, bootstrap: str = "", **overrides: object) -> EventStore:
            settings.EVENTSTORE = {
                **settings.EVENTSTORE,
                "LOG": kind,
                "REGISTRY": f"tests.shops.{stream_type}",
                "AGGREGATES": [f"tests.shops.{stream_type.capitalize()}"],
                **WITHOUT_PRIVACY,
                "PARTITIONS": 3,
                "KAFKA_BOOTSTRAP": [bootstrap],
                "APPEND_TIMEOUT": A_HANG_S if kind == "embedded" else 10.0,
                **overrides,
            }
            store = make_event_store()
            indexer = store.make_indexer()
            _create_topics(store, indexer)
            if (
                kind == "embedded"
            ):  # of a broker's many topics only those that a test needs
                snapshot_topics.create(snapshot_topics.snapshot_topics(), indexer.log)
            complete(indexer)
            indexer.close()
            indexer.log.close()
            made.callback(store.close)
            made_last.append(store)
            return store

        yield make


def _create_topics(store: EventStore, indexer: Indexer) -> None:
    """A broker on a busy machine may answer later than its clients wait: it is asked again, and its last word stands."""
    for _ in range(4):
        with suppress(LogUnanswered):
            topics.create(store.topics, indexer.log, indexer.connection())
            return
    topics.create(store.topics, indexer.log, indexer.connection())


@pytest.fixture
def embedded_store(stores: Stores) -> EventStore:
    """A store on the embedded log."""
    return stores("embedded")


@pytest.fixture
def kafka_store(stores: Stores, kafka_bootstrap: str) -> EventStore:
    """A store on a real broker."""
    return stores("kafka", kafka_bootstrap)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def store(request: pytest.FixtureRequest) -> EventStore:
    """A store on each log in turn."""
    found: EventStore = request.getfixturevalue(f"{request.param}_store")
    return found

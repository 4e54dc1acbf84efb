"""The project's own store on the embedded log: its domain, its keys in the database of keys, its ledger."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from eventstore.api.feed import process
from eventstore.keys import configured
from eventstore.log import topics
from eventstore.opening.configured import _ring_at
from eventstore.snapshots import topics as snapshot_topics
from eventstore.store import EventStore, _the_store, get_event_store
from tests.support.keys import KEK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


@pytest.fixture
def teddy_store(transactional_db: None, settings: Settings) -> Iterator[EventStore]:
    """The configured store, empty. The test says `django_db(databases="__all__", transaction=True)`."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "PARTITIONS": 3,
        "KEYS": "eventstore.keys.configured.key_ring",
        "KEK": "env",
        "KEK_SECRETS": (b64encode(KEK).decode(),),
    }
    _begin_anew()
    store = get_event_store()
    with store.indexer() as indexer:
        topics.create(store.topics, indexer.log, indexer.connection())
        snapshot_topics.create(snapshot_topics.snapshot_topics(), indexer.log)
    yield store
    assert process.close()  # a feed's hub is one a process
    get_event_store().close()
    _begin_anew()


def _begin_anew() -> None:
    configured.reset()
    _ring_at.cache_clear()
    _the_store.cache_clear()

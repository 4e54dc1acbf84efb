"""The configured store, of the Teddy domain, empty, its keys in memory: families to whom things happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache

from eventstore.api.feed import process
from eventstore.log import topics
from eventstore.store import _the_store, get_event_store
from tests.support.families import Families
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


@pytest.fixture
def families(transactional_db: None, settings: Settings) -> Iterator[Families]:
    """Whoever asks for the configured store gets this one."""
    yield from _families(settings, LOG="embedded", PARTITIONS=3)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def families_on_each_log(
    request: pytest.FixtureRequest, transactional_db: None, settings: Settings
) -> Iterator[Families]:
    """The same on both logs. Topics of a broker outlive a test: streams have names that no other test has, and there are as many
    partitions as the settings say, for the examples write to the same topics.
    """
    given: dict[str, Any] = {"LOG": request.param}
    if request.param == "kafka":
        bootstrap = request.getfixturevalue("kafka_bootstrap")
        given |= {"KAFKA_BOOTSTRAP": [bootstrap], "KAFKA_SECURITY": {}}
    yield from _families(settings, **given)


def _families(settings: Settings, **log: Any) -> Iterator[Families]:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        **log,
        "KEYS": "eventstore.testing.memory_keys.keys_of_this_process",
        "SUBSCRIPTIONS": [],
        "ACCESS_RECORDER": "tests.support.recorders.Recorder",
    }
    Recorder.forget()
    cache.clear()  # what throttles count
    _the_store.cache_clear()
    store = get_event_store()
    with store.indexer() as indexer:
        topics.create(store.topics, indexer.log, indexer.connection())
    store.complete_index()
    yield Families(store)
    assert process.close()  # a feed's hub is one a process
    store.close()
    Recorder.forget()
    _the_store.cache_clear()

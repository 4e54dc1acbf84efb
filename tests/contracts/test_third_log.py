"""A log adapter from outside keeps the contract, and a store runs on it by the setting `LOG` alone."""

from __future__ import annotations

import json
from contextlib import closing
from io import StringIO
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.core.management import call_command

from eventstore.clock import SystemClock
from eventstore.conf import aggregates
from eventstore.events import Expected, NewEvent, Place
from eventstore.protocol.placement import place_of
from eventstore.publishing.subscription import publication
from eventstore.snapshots import SnapshotStore, snapshot_store
from eventstore.snapshots.topics import create, snapshot_topics
from eventstore.store import get_event_store
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from eventstore.testing.log_contract import LogContract
from eventstore.testing.log_given import PARTITIONS, OpenLog, Recreate
from eventstore.testing.repository_contract import RepositoryContract
from eventstore.testing.shop import OrderPlaced
from eventstore.testing.snapshot_contract import SnapshotStoreContract
from eventstore.testing.store_contract import EventStoreContract
from tests.third_log import Memory, ThirdLog

if TYPE_CHECKING:
    from eventstore.ports import Log
    from eventstore.store import EventStore
    from eventstore.testing.shop_orders import Order
    from tests.plugins.stores import Stores

PATH = "tests.third_log.open_third"


@pytest.fixture
def store(stores: Stores) -> EventStore:
    """By the setting alone."""
    return stores(PATH)


class TestThirdLog(LogContract):
    """Nothing of it is left out: it can be restored, recreated and out of reach."""

    @pytest.fixture
    def memory(self) -> Memory:
        return Memory()

    @pytest.fixture
    def open_log(self, memory: Memory) -> OpenLog:
        return lambda: ThirdLog(memory)

    @pytest.fixture
    def unreachable_log(self) -> Log:
        return ThirdLog(None)

    @pytest.fixture
    def recreate(self, memory: Memory, log: Log) -> Recreate:
        def recreate(topic: str) -> None:
            del memory.topics[topic], memory.ids[topic]
            log.create([topic], partitions=PARTITIONS)

        return recreate


class TestStoreOnIt(EventStoreContract):
    """What applications are promised."""


class TestSnapshotsOnIt(SnapshotStoreContract):
    """The topics of the snapshots are its own, too."""

    @pytest.fixture
    def snapshots(self, store: EventStore) -> SnapshotStore[Any]:
        """Those of the store's one class."""
        with closing(store.make_log()) as log:
            create(snapshot_topics(), log)
        (order,) = aggregates().values()
        return snapshot_store(order)


class TestRepositoryOnIt(RepositoryContract):
    """And aggregates."""

    @pytest.fixture
    def order_class(self) -> type[Order]:
        """The one of the settings."""
        (order,) = aggregates().values()
        return cast("type[Order]", order)


def test_the_commands_need_no_more_than_the_setting(store: EventStore) -> None:
    call_command("create_topics", stdout=StringIO())
    (stream_type,) = (name.partition(".")[2] for name in store.topics.numbers)
    placed = NewEvent(OrderPlaced(customer_id="customer-1"))
    get_event_store().append(f"{stream_type}.1", [placed], Expected.NO_STREAM)

    out = StringIO()
    call_command("verify", "--json", stdout=out)

    found = json.loads(out.getvalue())
    assert (found["streams"], found["differences"]) == (1, [])
    with closing(get_event_store().make_log()) as log:
        assert isinstance(log, ThirdLog)


def test_events_are_published_beside_a_log_whose_factory_says_so(
    stores: Stores,
) -> None:
    store = stores("tests.third_log.open_with_feeds")
    call_command("create_topics", stdout=StringIO())
    (stream_type,) = (name.partition(".")[2] for name in store.topics.numbers)
    stream = f"{stream_type}.1"
    placed = NewEvent(OrderPlaced(customer_id="customer-1"))
    store.append(stream, [placed], Expected.NO_STREAM)

    published = publication(store.make_log)
    assert published is not None
    register(published, SystemClock())
    Follower(published, SystemClock(), Random(1)).round()  # noqa: S311

    place = Place(f"events.{stream_type}", place_of(stream, 3).partition)
    with closing(store.make_log()) as log:
        [record] = log.read(place, 0).records
    assert json.loads(record.value or b"")["type"] == "OrderPlaced"

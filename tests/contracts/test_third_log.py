"""A log adapter from outside keeps the contract, and a store runs on it by the setting `LOG` alone."""

from __future__ import annotations

import json
from contextlib import closing
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from eventstore.conf import aggregates
from eventstore.events import Expected, NewEvent
from eventstore.snapshots import SnapshotStore, snapshot_store
from eventstore.snapshots.topics import create, snapshot_topics
from eventstore.store import get_event_store
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
        return order


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

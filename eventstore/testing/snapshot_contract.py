"""What every snapshot store must do, whatever its log. Subclass it, give the fixtures, and pytest runs all of it.

class TestMySnapshots(SnapshotStoreContract):
    @pytest.fixture
    def store(self) -> EventStore: ...              # topics created, empty, types of `eventstore.testing.shop`
    @pytest.fixture
    def snapshots(self) -> SnapshotStore: ...       # of the `Order` of that store, its topics created
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from eventstore.aggregates import replay
from eventstore.conf import conf, registry
from eventstore.errors import InvalidStreamId, StateNotStorable, StateWithheld
from eventstore.events import Expected, NewEvent, Place, Withheld, stream_type_of
from eventstore.ports import LogRecord
from eventstore.protocol.placement import partition_of
from eventstore.snapshots import Snapshot, Stamp
from eventstore.snapshots.record import Garbage, believed, encode
from eventstore.snapshots.record import topic_of as snapshot_topic
from eventstore.snapshots.signing import signer
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from eventstore.events import RecordedEvent
    from eventstore.snapshots import SnapshotStore
    from eventstore.store import EventStore


class SnapshotStoreContract:
    """The suite. `stream` is an order of five events."""

    @pytest.fixture
    def stream(self, store: EventStore, snapshots: SnapshotStore[Any]) -> str:
        """Placed, then changed four times by 1."""
        stream_id = f"{snapshots.aggregate.stream_type}.{uuid4()}"
        placed = NewEvent(OrderPlaced(customer_id="customer-1"))
        more = [NewEvent(OrderChanged(quantity=1))] * 4
        store.append(stream_id, [placed, *more], Expected.NO_STREAM)
        return stream_id

    def order(
        self,
        store: EventStore,
        snapshots: SnapshotStore[Any],
        stream: str,
        version: int,
    ) -> tuple[Any, RecordedEvent]:
        """The order as of a version, and the event at it."""
        order = snapshots.aggregate(stream.partition(".")[2])
        for event in store.read(stream, 1, version):
            replay(order, [registry().event_of(event)])
        return order, event

    def keep(
        self,
        store: EventStore,
        snapshots: SnapshotStore[Any],
        stream: str,
        *versions: int,
    ) -> list[Snapshot]:
        """Write the snapshots of these versions."""
        kept = [
            snapshots.snapshot_of(*self.order(store, snapshots, stream, version))
            for version in versions
        ]
        snapshots.write(kept)
        return kept

    # ---- writing and finding

    def test_a_stream_without_snapshots_has_no_newest(
        self, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        assert snapshots.newest(stream) is None

    def test_of_an_id_that_no_stream_can_have_there_is_no_newest(
        self, snapshots: SnapshotStore[Any]
    ) -> None:
        for own_id in ("a\0b", "", "a b", "x" * 129):
            with pytest.raises(InvalidStreamId):
                snapshots.newest(f"{snapshots.aggregate.stream_type}.{own_id}")

    def test_what_was_written_is_the_newest(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        (kept,) = self.keep(store, snapshots, stream, 3)

        assert snapshots.newest(stream) == kept

    def test_the_newest_at_or_below_a_version_is_found_among_all_that_are_kept(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        self.keep(store, snapshots, stream, 2, 4)

        found = [snapshots.newest(stream, at_most=version) for version in range(1, 6)]

        assert [one and one.version for one in found] == [None, 2, 2, 4, 4]

    def test_what_is_written_again_changes_nothing(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        (kept,) = self.keep(store, snapshots, stream, 3)

        snapshots.write([kept, kept])

        assert snapshots.newest(stream) == kept

    def test_the_order_of_writing_does_not_matter(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        self.keep(store, snapshots, stream, 4)
        self.keep(store, snapshots, stream, 2)

        newest = snapshots.newest(stream)
        assert newest is not None
        assert newest.version == 4

    def test_coroutines_write_and_find_the_same(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        kept = snapshots.snapshot_of(*self.order(store, snapshots, stream, 3))

        async def write_and_find() -> Snapshot | None:
            await snapshots.awrite([kept])
            found = await snapshots.anewest(stream)
            await sync_to_async(connections.close_all)()
            return found

        assert asyncio.run(write_and_find()) == kept

    # ---- what is true

    def test_an_aggregate_of_a_snapshot_is_that_of_a_replay(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        self.keep(store, snapshots, stream, 4)
        newest = snapshots.newest(stream)
        assert newest is not None

        order = snapshots.aggregate_of(newest)

        replayed, _ = self.order(store, snapshots, stream, 4)
        assert (order.state, order.version) == (replayed.state, 4)
        assert order.stream_id == stream

    def test_a_snapshot_of_another_code_is_ignored(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        own = snapshots.snapshot_of(*self.order(store, snapshots, stream, 2))
        later = snapshots.snapshot_of(*self.order(store, snapshots, stream, 4))
        schema, code = later.stamp.state_schema, later.stamp.code
        snapshots.write(
            [
                own,
                replace(later, stamp=Stamp(schema + 1, code)),
                replace(later, stamp=Stamp(schema, bytes(32))),
            ]
        )

        assert snapshots.newest(stream) == own

    def test_a_snapshot_of_another_history_is_ignored(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        own = snapshots.snapshot_of(*self.order(store, snapshots, stream, 2))
        later = snapshots.snapshot_of(*self.order(store, snapshots, stream, 4))
        beyond = replace(later, version=50)
        snapshots.write([own, replace(later, event_id=uuid4()), beyond])

        assert snapshots.newest(stream) == own

    def test_a_state_that_is_none_is_ignored(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        kept = snapshots.snapshot_of(*self.order(store, snapshots, stream, 4))
        snapshots.write([replace(kept, state=b'{"quantity":"many"}')])

        assert snapshots.newest(stream) is None

    # ---- what is refused

    def test_events_that_are_not_accepted_do_not_get_into_a_snapshot(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        order, last = self.order(store, snapshots, stream, 4)
        order.record(OrderChanged(quantity=1))

        with pytest.raises(ValueError, match="version 5"):
            snapshots.snapshot_of(order, last)
        _, of_somebody_else = self.order(store, snapshots, stream, 5)
        with pytest.raises(ValueError, match="not accepted yet"):
            snapshots.snapshot_of(order, of_somebody_else)

    def test_a_snapshot_is_taken_at_the_event_that_was_applied_last(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        order, _ = self.order(store, snapshots, stream, 4)
        _, other = self.order(store, snapshots, stream, 3)

        with pytest.raises(ValueError, match="version 4"):
            snapshots.snapshot_of(order, other)

    def test_a_state_above_64_kib_is_refused_with_its_field(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        order, last = self.order(store, snapshots, stream, 4)
        order.state.customer_id = "x" * 65_536

        with pytest.raises(StateNotStorable, match=r"\$\.customer_id"):
            snapshots.snapshot_of(order, last)

    def test_a_state_that_cannot_be_written_is_refused_with_its_field(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        order, last = self.order(store, snapshots, stream, 4)
        order.state.customer_id = object()

        with pytest.raises(StateNotStorable, match=r"\$\.customer_id"):
            snapshots.snapshot_of(order, last)

    def test_a_state_that_holds_what_was_withheld_is_refused_with_its_field(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        order, last = self.order(store, snapshots, stream, 4)
        order.state.customer_id = Withheld("erased")

        with pytest.raises(StateWithheld, match=r"\$\.customer_id"):
            snapshots.snapshot_of(order, last)

    def test_a_snapshot_of_an_earlier_form_is_nobodys(
        self, store: EventStore, snapshots: SnapshotStore[Any], stream: str
    ) -> None:
        """Whoever has signed it: it may hold in the clear what is sealed now."""
        (kept,) = self.keep(store, snapshots, stream, 3)
        partition = partition_of(stream, conf.PARTITIONS)
        place = Place(snapshot_topic(stream_type_of(stream)), partition)
        value = encode(kept, signer()).replace(b'{"v":3,', b'{"v":2,', 1)
        record = LogRecord(0, 0, stream.encode(), value)

        found = believed(place, conf.PARTITIONS, record, signer())

        assert found == Garbage("earlier_form")

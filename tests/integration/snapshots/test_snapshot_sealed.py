"""States that were made of opened fields: sealed in table and topic, for who holds an opener, and gone with their subject's keys."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from eventstore.database import connect
from eventstore.errors import KeyStoreUnavailable, StateWithheld
from eventstore.events import Expected, NewEvent, Withheld
from eventstore.metrics import SNAPSHOT_FAILURES
from eventstore.models import Snapshot as Row
from eventstore.models import SnapshotFailure
from eventstore.opening import KeyOpener, opener
from eventstore.repository import AggregateRepository
from eventstore.service import EventSourcingService
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.dropping import drop
from eventstore.testing.memory_keys import MemoryKeys, keys_of_this_process
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from eventstore.ports import DataKey, Gone
    from tests.plugins.stores import Stores

pytestmark = pytest.mark.usefixtures("transactional_db")

WORDS = "what-nobody-may-find"


def reading(stores: Stores, kind: str) -> World:
    """A store whose one class of aggregates reads what is sealed."""
    first = stores("embedded")
    (topic,) = first.topics.numbers
    stream_type = topic.partition(".")[2]
    return World(stores("embedded", AGGREGATES=[f"tests.shops.{kind}_{stream_type}"]))


@pytest.fixture
def world(stores: Stores) -> World:
    return reading(stores, "ReadingOrder")


@pytest.fixture
def forgetting(stores: Stores) -> World:
    return reading(stores, "ForgettingOrder")


def placed(customer: str, remark: str = WORDS) -> NewEvent:
    return NewEvent(OrderPlaced(customer_id=customer, remark=remark))


def customer() -> str:
    return f"c-{uuid4().hex[:8]}"


def stream(world: World, *events: NewEvent, changes: int = 0) -> str:
    """A stream of these, and so many changes."""
    stream_id = f"{world.order.stream_type}.{uuid4().hex[:8]}"
    more = [NewEvent(OrderChanged(quantity=1))] * changes
    world.store.append(stream_id, [*events, *more], Expected.NO_STREAM)
    return stream_id


def own_id(stream_id: str) -> str:
    return stream_id.partition(".")[2]


def orders(world: World, **options: Any) -> AggregateRepository[Any]:
    """A repository that may open."""
    opens = opener()
    snapshots = snapshot_store(world.order, opener=opens)
    return AggregateRepository(
        world.order, world.store, snapshots=snapshots, opener=opens, **options
    )


def everywhere() -> str:
    """All that tables of the store hold, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'eventstore%'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT encode(t::text::bytea, 'escape') FROM {table} t")  # noqa: S608
            found += [row[0] for row in cursor.fetchall()]
            if table in ("eventstore_snapshot", "eventstore_logrecord"):
                column = "state" if table.endswith("snapshot") else "value"
                cursor.execute(f"SELECT encode({column}, 'escape') FROM {table}")  # noqa: S608
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_who_does_not_say_what_was_opened_makes_no_snapshot(world: World) -> None:
    stream_id = stream(world, placed(customer()), changes=1)
    [last] = world.store.read(stream_id, 2, 2)
    order = world.order(own_id(stream_id), version=2)
    snapshots = snapshot_store(world.order, opener=opener())

    with pytest.raises(StateWithheld, match="nobody says what of it was opened"):
        snapshots.snapshot_of(order, last)


def test_the_state_is_sealed_in_table_and_topic_and_opened_for_who_may(
    world: World,
) -> None:
    stream_id = stream(world, placed(customer()), changes=10)

    built = world.snapshotter().build_due()

    assert (built.snapshots, built.withheld) == (1, 0)
    (row,) = Row.objects.all()
    assert row.key_id is not None
    (record,) = world.in_topic()
    assert WORDS.encode() not in (record.value or b"")
    assert WORDS not in everywhere()
    newest = snapshot_store(world.order, opener=opener()).newest(stream_id)
    assert newest is not None
    assert json.loads(newest.state)["said"] == [WORDS]
    assert WORDS not in repr(newest)


def test_a_load_with_the_right_goes_by_the_snapshot(world: World) -> None:
    stream_id = stream(world, placed(customer()), changes=11)
    world.snapshotter().build_due()

    order = orders(world).load(own_id(stream_id))

    assert (order.version, order.state.said, order.state.changes) == (12, [WORDS], 11)


def test_without_the_right_there_is_no_snapshot_and_the_state_has_marks(
    world: World,
) -> None:
    stream_id = stream(world, placed(customer()), changes=11)
    world.snapshotter().build_due()
    blind = AggregateRepository(
        world.order, world.store, snapshots=snapshot_store(world.order)
    )

    order = blind.load(own_id(stream_id))

    assert order.state.said == [Withheld("sealed")]
    assert snapshot_store(world.order).newest(stream_id) is None


def test_nothing_that_was_opened_is_remembered_by_a_repository(world: World) -> None:
    who = customer()
    stream_id = stream(world, placed(who), changes=2)
    repository = orders(world)
    assert repository.load(own_id(stream_id)).state.said == [WORDS]

    keys_of_this_process().erase(who, request="r-1")

    (said,) = orders(world).load(own_id(stream_id)).state.said
    assert isinstance(said, Withheld)
    assert repository._cache.get(own_id(stream_id)) is None


def test_a_state_with_marks_is_not_kept_counted_once_and_not_tried_again(
    world: World,
) -> None:
    who = customer()
    stream_id = stream(world, placed(who), changes=19)
    keys_of_this_process().erase(who, request="r-1")
    counted = SNAPSHOT_FAILURES.labels(world.order.stream_type, "state-withheld")

    built = world.snapshotter().build_due()
    again = world.snapshotter().build_due()

    assert counted._value.get() == 2
    assert (built.snapshots, built.withheld, list(built.problems)) == (0, 2, [])
    assert (again.snapshots, again.withheld, again.events) == (0, 0, 0)
    assert not SnapshotFailure.objects.exists()
    (said,) = orders(world).load(own_id(stream_id)).state.said
    assert repr(said).startswith("erased on ")


def test_a_state_that_mixes_what_was_opened_of_two_subjects_is_not_kept(
    world: World,
) -> None:
    stream(world, placed(customer()), placed(customer()), changes=8)

    built = world.snapshotter().build_due()

    assert (built.snapshots, built.withheld) == (0, 1)
    assert not Row.objects.exists()


def test_a_state_that_nothing_was_opened_for_stands_as_it_is(world: World) -> None:
    stream_id = stream(world, changes=10)

    world.snapshotter().build_due()

    (row,) = Row.objects.all()
    assert (row.stream_id, row.key_id) == (stream_id, None)


def test_it_goes_on_from_a_sealed_snapshot_of_the_same_subject(world: World) -> None:
    stream_id = stream(world, placed(customer()), changes=9)
    world.snapshotter().build_due()
    more = [NewEvent(OrderChanged(quantity=1))] * 10
    world.store.append(stream_id, more, Expected.version(10))

    built = world.snapshotter().build_due()

    assert (built.snapshots, built.events) == (1, 10)
    first, second = Row.objects.order_by("version")
    assert first.key_id == second.key_id is not None
    assert orders(world).load(own_id(stream_id), version=20).state.said == [WORDS]


def test_it_does_not_go_on_from_one_subject_to_another(world: World) -> None:
    stream_id = stream(world, placed(customer()), changes=9)
    world.snapshotter().build_due()
    more = [NewEvent(OrderChanged(quantity=1))] * 9
    world.store.append(stream_id, [placed(customer()), *more], Expected.version(10))

    built = world.snapshotter().build_due()

    assert (built.snapshots, built.withheld) == (0, 1)
    assert world.versions(stream_id) == [10]


def test_an_erasure_makes_it_unreadable_and_it_is_dropped_and_built_of_what_remains(
    forgetting: World,
) -> None:
    world, who = forgetting, customer()
    stream_id = stream(world, placed(who), changes=19)
    world.snapshotter().build_due()
    (key,) = {row.key_id for row in Row.objects.all()}
    assert key is not None

    keys_of_this_process().erase(who, request="r-1")
    before = orders(world).load(own_id(stream_id))
    with connect() as own:
        counted = Row.objects.filter(key_id=key).count()
        dropped, again = drop(own, [key]), drop(own, [key])
    kept_before = Row.objects.count()
    built = world.snapshotter().build_due()

    assert (before.state.said, before.state.changes) == ([], 19)
    assert (counted, dropped, again, kept_before) == (2, 2, 0, 0)
    assert (built.snapshots, world.versions(stream_id)) == (2, [10, 20])
    assert {row.key_id for row in Row.objects.all()} == {None}
    assert not SnapshotFailure.objects.exists()
    assert orders(world).load(own_id(stream_id)).state.said == []


def test_what_nobody_dropped_is_passed_by_loads_and_built_again_by_itself(
    forgetting: World,
) -> None:
    world, who = forgetting, customer()
    stream_id = stream(world, placed(who), changes=19)
    world.snapshotter().build_due()
    keys_of_this_process().erase(who, request="r-1")

    order = orders(world).load(own_id(stream_id))
    built = world.snapshotter().build_due()

    assert (order.state.said, order.state.changes) == ([], 19)
    assert built.snapshots == 2
    assert {row.key_id for row in Row.objects.all()} == {None}


def test_who_begins_again_takes_out_what_nobody_can_open_and_says_how_many(
    world: World,
) -> None:
    gone, there = customer(), customer()
    lost = stream(world, placed(gone), changes=19)
    kept = stream(world, placed(there), changes=9)
    world.snapshotter().build_due()
    keys_of_this_process().erase(gone, request="r-1")

    reviewed = world.snapshotter().start_again()

    assert (reviewed.looked_at, reviewed.removed, reviewed.signed_anew) == (3, 2, 0)
    assert (world.versions(lost), world.versions(kept)) == ([], [10])


def test_a_box_of_the_topic_whose_key_is_gone_does_not_stay_in_the_way(
    forgetting: World,
) -> None:
    """The database was made anew: the topics still hold what is sealed under keys that are gone."""
    world, who = forgetting, customer()
    stream_id = stream(world, placed(who), changes=9)
    world.snapshotter().build_due()
    keys_of_this_process().erase(who, request="r-1")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_snapshot")
        cursor.execute("DELETE FROM eventstore_snapshotbuild")
    assert world.filler().once() == 1

    world.snapshotter().start_again()
    world.snapshotter().build_due()

    assert {row.key_id for row in Row.objects.all()} == {None}
    assert world.versions(stream_id) == [10]


class Late(MemoryKeys):
    """A ring whose memory is behind: what it gives to read by may be destroyed already."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[UUID] = set()

    def fresh(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        return {id_: self.opening([id_])[id_] for id_ in ids if id_ not in self.gone}


def test_what_was_opened_under_a_key_that_is_gone_meanwhile_is_not_sealed_anew(
    world: World,
) -> None:
    """After a retention the subject gets a new key for its snapshots; what a builder still remembers must not get under it."""
    stream_id = stream(world, placed(customer()), changes=9)
    late = Late()
    ring = keys_of_this_process()
    late._keys, late._by_id = ring._keys, ring._by_id
    snapshots = snapshot_store(world.order, opener=opener())
    snapshots._ring = late
    order = world.order(own_id(stream_id))
    service = EventSourcingService(world.store)
    order, opened = service._replayed(orders(world).load(own_id(stream_id)), opener())
    [last] = world.store.read(stream_id, 10, 10)
    assert snapshots.snapshot_of(order, last, opened=opened).key_id is not None

    late.gone = set(opened.keys)

    with pytest.raises(StateWithheld, match="gone meanwhile"):
        snapshots.snapshot_of(order, last, opened=opened)


def test_a_box_that_was_copied_to_another_version_does_not_open(world: World) -> None:
    """Also for who can sign: the box is bound to its place."""
    stream_id = stream(world, placed(customer()), changes=19)
    snapshots = snapshot_store(world.order, opener=opener())
    world.snapshotter().build_due()
    [ten] = Row.objects.filter(version=10)
    newest = snapshots.newest(stream_id)
    assert newest is not None
    snapshots.write([replace(newest, state=bytes(ten.state))])

    found = snapshots.newest(stream_id)

    assert found is not None
    assert found.version == 10


def test_a_state_from_which_a_lost_key_kept_something_is_not_kept(
    forgetting: World,
) -> None:
    """A key store that comes back with a backup would have it say another thing than its events."""
    world = forgetting
    stream_id = stream(world, placed(customer()), changes=9)
    bereft = world.snapshotter(opener=lambda: KeyOpener(MemoryKeys()))

    built = bereft.build_due()

    assert (built.snapshots, built.withheld) == (0, 1)
    assert world.versions(stream_id) == []


def test_what_is_passed_without_the_right_is_not_kept_by_hand(
    forgetting: World,
) -> None:
    stream_id = stream(forgetting, placed(customer()), changes=2)
    service = EventSourcingService(forgetting.store)

    with pytest.raises(StateWithheld):
        service.create_snapshot(forgetting.order, own_id(stream_id))

    assert forgetting.versions(stream_id) == []


def test_by_hand_it_is_made_with_the_right_alone(world: World) -> None:
    stream_id = stream(world, placed(customer()), changes=2)
    service = EventSourcingService(world.store)

    with pytest.raises(StateWithheld):
        service.create_snapshot(world.order, own_id(stream_id))
    made = service.create_snapshot(world.order, own_id(stream_id), opener=opener())

    assert made.key_id is not None
    repository = service.repository_for(world.order, opener=opener())
    assert repository.load(own_id(stream_id)).state.said == [WORDS]


class Silent(MemoryKeys):
    """A key store that does not answer."""

    def opening(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        del ids
        raise KeyStoreUnavailable


def test_while_the_key_store_is_down_nothing_is_built_in_the_clear(
    world: World,
) -> None:
    stream(world, placed(customer()), changes=9)
    down = world.snapshotter(opener=lambda: KeyOpener(Silent()))

    with pytest.raises(KeyStoreUnavailable):
        down.build_due()

    assert not Row.objects.exists()
    assert world.snapshotter().build_due().snapshots == 1


def verified(*options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and findings of `verify`."""
    out = StringIO()
    try:
        call_command("verify", "--json", *options, stdout=out)
    except CommandError:
        return 1, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_verify_compares_it_with_a_replay_only_where_it_may_open(world: World) -> None:
    stream(world, placed(customer()), changes=9)
    world.snapshotter().build_due()

    status, closed = verified()
    opened_status, opened = verified("--open")

    assert (status, opened_status) == (0, 0)
    assert closed["snapshots"]["not_compared"] == {"sealed": 1}
    assert opened["snapshots"]["compared"] == 1


def test_sampling_compares_it_with_a_replay(world: World) -> None:
    stream(world, placed(customer()), changes=9)
    world.snapshotter().build_due()

    sampled = world.snapshotter().sample(1)

    assert (sampled.looked_at, sampled.drifted) == (1, [])

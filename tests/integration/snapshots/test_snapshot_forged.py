"""What others may write is not believed: a snapshot that this store has not signed is loaded by nobody, told, and built again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from structlog.testing import capture_logs

from eventstore.clock import SystemClock
from eventstore.events import Place
from eventstore.metrics import SNAPSHOT_GARBAGE
from eventstore.models import Snapshot as Row
from eventstore.models import SnapshotFailure
from eventstore.ports import Proposal
from eventstore.protocol.placement import partition_of
from eventstore.queries.kept import number
from eventstore.repository import AggregateRepository
from eventstore.snapshots import Stamp, refusing
from eventstore.snapshots.builder.reviewing import review
from eventstore.snapshots.builder.verifying import Comparer
from eventstore.snapshots.record import encode, topic_of
from eventstore.snapshots.signing import Signer
from eventstore.snapshots.topics import create, snapshot_topics
from tests.support.clocks import MovableClock
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

EARLIER, NEWER = "an earlier secret", "a newer secret"


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


@pytest.fixture(autouse=True)
def _nothing_was_told_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "_lately", refusing.Lately(SystemClock()))


def refused() -> Any:
    """Of Prometheus."""
    return SNAPSHOT_GARBAGE.labels("not_ours")._value.get()


def execute(sql: str, *params: Any) -> int:
    """Behind everybody's back; how many rows that changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def loaded(world: World, stream: str, version: int | None = None) -> tuple[str, int]:
    """Whose order it is and its changes, loaded with snapshots and without a cache."""
    orders = AggregateRepository(
        world.order, world.store, snapshots=world.snapshots, cache=0
    )
    state = orders.load(stream.partition(".")[2], version=version).state
    return state.customer_id, state.changes


def verified(*options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and findings of `verify`."""
    out = StringIO()
    try:
        call_command("verify", "--json", *options, stdout=out)
    except CommandError:
        return 1, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


FORGED: dict[str, Callable[[str], int]] = {
    "another state": lambda stream: execute(
        """UPDATE eventstore_snapshot SET state = '{"customer_id":"mallory","quantity":1000,"changes":19,"is_closed":false}'
            WHERE stream_id = %s AND version = 20""",
        stream,
    ),
    "a later version": lambda stream: execute(
        """UPDATE eventstore_snapshot s SET version = 25, event_id = e.event_id, position = e.position
             FROM eventstore_event e
            WHERE s.stream_id = %s AND s.version = 20 AND e.stream_id = s.stream_id AND e.version = 25""",
        stream,
    ),
    "an earlier version": lambda stream: execute(
        """UPDATE eventstore_snapshot s SET version = 15, event_id = e.event_id, position = e.position
             FROM eventstore_event e
            WHERE s.stream_id = %s AND s.version = 20 AND e.stream_id = s.stream_id AND e.version = 15""",
        stream,
    ),
    "a version alone": lambda stream: execute(
        "UPDATE eventstore_snapshot SET version = 21 WHERE stream_id = %s AND version = 20",
        stream,
    ),
    "the MAC of another row": lambda stream: execute(
        """UPDATE eventstore_snapshot s SET state = o.state, mac = o.mac FROM eventstore_snapshot o
            WHERE s.stream_id = %s AND s.version = 20 AND o.stream_id = s.stream_id AND o.version = 10""",
        stream,
    ),
    "a flipped byte of the state": lambda stream: execute(
        """UPDATE eventstore_snapshot SET state = set_byte(state, 20, get_byte(state, 20) # 1)
            WHERE stream_id = %s AND version = 20""",
        stream,
    ),
    "a flipped byte of the MAC": lambda stream: execute(
        """UPDATE eventstore_snapshot SET mac = set_byte(mac, 31, get_byte(mac, 31) # 1)
            WHERE stream_id = %s AND version = 20""",
        stream,
    ),
    "no MAC": lambda stream: execute(
        "UPDATE eventstore_snapshot SET mac = '' WHERE stream_id = %s AND version = 20",
        stream,
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_row_that_this_store_has_not_signed_decides_nothing_and_is_found(
    world: World, forge: Callable[[str], int]
) -> None:
    stream = world.stream("a", 30)
    execute("DELETE FROM eventstore_snapshot WHERE version = 30")
    world.snapshotter().build_due()
    execute("DELETE FROM eventstore_snapshot WHERE version = 30")
    assert verified()[0] == 0
    assert forge(stream) == 1
    before = refused()

    said = [loaded(world, stream, version) for version in (15, 20, 24, 25, 29, None)]
    status, findings = verified()

    assert said == [("customer-1", n) for n in (14, 19, 23, 24, 28, 29)]
    assert status == 1
    [(named, what)] = findings["snapshots"]["named"]
    assert named.startswith(f"snapshot of {stream} at version ")
    assert what == "it is not signed by this store"
    is_met = not Row.objects.filter(version=21).exists()  # its event is elsewhere
    assert (refused() > before) is is_met


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_what_was_forged_is_taken_out_and_built_again(
    world: World, forge: Callable[[str], int]
) -> None:
    stream = world.stream("a", 30)
    world.snapshotter().build_due()
    forge(stream)

    world.snapshotter().start_again()
    world.snapshotter().build_due()

    assert world.versions(stream) == [10, 20, 30]
    assert verified()[0] == 0


def test_a_stream_of_which_a_load_met_a_forged_snapshot_is_built_again_by_itself(
    world: World,
) -> None:
    stream = world.stream("a", 29)
    world.snapshotter().build_due()
    FORGED["another state"](stream)

    with capture_logs() as said:
        for _ in range(3):
            assert loaded(world, stream) == ("customer-1", 28)
    built = world.snapshotter().build_due()

    told = [line for line in said if line.get("action") == "snapshot-refused"]
    assert [(line["stream"], line["version"]) for line in told] == [(stream, 20)]
    assert "mallory" not in str(said)
    assert built.snapshots == 1
    newest = world.snapshots.newest(stream)
    assert newest is not None
    assert newest.version == 20
    assert not SnapshotFailure.objects.exists()


def test_a_load_that_cannot_note_what_it_met_loads_all_the_same(world: World) -> None:
    stream = world.stream("a", 29)
    world.snapshotter().build_due()
    FORGED["another state"](stream)

    def without_rights() -> Any:
        msg = "secret"
        raise psycopg.errors.InsufficientPrivilege(msg)

    snapshots = type(world.snapshots)(world.order, connect=without_rights)
    with capture_logs() as said:
        newest = snapshots.newest(stream)

    assert newest is not None
    assert newest.version == 10
    assert any(line["action"] == "snapshot-note-failed" for line in said)
    assert "secret" not in str(said)


@pytest.mark.parametrize(("forged", "found"), [(1, 30), (2, 20), (3, None)])
def test_a_load_looks_at_few_snapshots_that_are_not_ours_then_replays_all(
    world: World, forged: int, found: int | None
) -> None:
    stream = world.stream("a", 40)
    world.snapshotter().build_due()
    lowest = 40 - 10 * forged
    execute("UPDATE eventstore_snapshot SET mac = '' WHERE version > %s", lowest)

    newest = world.snapshots.newest(stream)

    assert (newest and newest.version) == found
    assert loaded(world, stream) == ("customer-1", 39)


def test_the_next_look_is_at_the_very_version_before(world: World) -> None:
    stream = world.stream("a", 9)
    orders = AggregateRepository(world.order, world.store, cache=0)
    made = []
    for version in (7, 8):
        [last] = world.store.read(stream, version, version)
        order = orders.load("a", version=version)
        made.append(world.snapshots.snapshot_of(order, last))
    world.snapshots.write(made)
    execute("UPDATE eventstore_snapshot SET mac = '' WHERE version = 8")

    newest = world.snapshots.newest(stream)

    assert newest is not None
    assert newest.version == 7


def test_a_snapshot_of_other_code_is_not_one_of_todays_by_its_stamp_alone(
    world: World,
) -> None:
    stream = world.stream("a", 29)
    world.snapshotter().build_due()
    true = world.snapshots.newest(stream)
    assert true is not None
    state = true.state.replace(b"19", b"20")
    world.snapshots.write([replace(true, stamp=Stamp(1, bytes(32)), state=state)])
    execute(
        "DELETE FROM eventstore_snapshot WHERE version = 20 AND code <> %s", bytes(32)
    )
    execute(
        "UPDATE eventstore_snapshot SET code = %s WHERE version = 20", true.stamp.code
    )

    assert loaded(world, stream) == ("customer-1", 28)
    assert verified()[0] == 1


def test_in_a_minute_it_is_told_once_and_then_again() -> None:
    clock = MovableClock()
    lately = refusing.Lately(clock, most=2)
    one, two, three = ("a", 1), ("a", 2), ("b", 1)

    assert [lately.is_new(one), lately.is_new(one)] == [True, False]
    clock.ahead += 58
    assert not lately.is_new(one)
    clock.ahead += 2
    assert lately.is_new(one)
    assert [lately.is_new(two), lately.is_new(three), lately.is_new(one)] == [True] * 3


# ---- keys


def test_what_was_signed_under_an_earlier_key_is_loaded_as_long_as_it_is_a_fallback(
    world: World,
) -> None:
    stream = world.stream("a", 25)
    with override_settings(SECRET_KEY=EARLIER):
        world.snapshotter().build_due()

    assert world.snapshots.newest(stream) is None
    with override_settings(SECRET_KEY=NEWER, SECRET_KEY_FALLBACKS=[EARLIER]):
        newest = world.snapshots.newest(stream)
    assert newest is not None
    assert newest.version == 20


def test_a_key_is_retired_by_signing_anew(world: World) -> None:
    stream = world.stream("a", 25)
    with override_settings(SECRET_KEY=EARLIER):
        world.snapshotter().build_due()
    with override_settings(SECRET_KEY=NEWER, SECRET_KEY_FALLBACKS=[EARLIER]):
        reviewed = world.snapshotter().start_again()
        built = world.snapshotter().build_due()
    assert (reviewed.signed_anew, reviewed.removed, built.snapshots) == (2, 0, 0)

    with override_settings(SECRET_KEY=NEWER, SECRET_KEY_FALLBACKS=[]):
        newest = world.snapshots.newest(stream)
        again = world.snapshotter().start_again()
    assert newest is not None
    assert newest.version == 20
    assert (again.signed_anew, again.removed) == (0, 0)


def test_a_key_that_is_gone_costs_a_replay_and_all_is_built_again(world: World) -> None:
    streams = [world.stream(name, 25) for name in "abc"]
    with override_settings(SECRET_KEY=EARLIER):
        world.snapshotter().build_due()

    reviewed = world.snapshotter().start_again()
    built = world.snapshotter().build_due()

    assert (reviewed.removed, built.snapshots) == (6, 6)
    assert [world.versions(stream) for stream in streams] == [[10, 20]] * 3


# ---- looking through


@pytest.mark.parametrize("page", [1, 2, 3, 5, 6, 7])
def test_all_rows_are_looked_through_whatever_the_page(world: World, page: int) -> None:
    for name in "abc":
        world.stream(name, 29)
    world.snapshotter().build_due()
    FORGED["another state"](f"{world.order.stream_type}.b")

    compared = compare(world, page=page, at_most=None)
    with world.snapshots.writer() as writer:
        reviewed = review(writer.connection(), most=page)

    assert (compared.kept, compared.compared, compared.wrong) == (6, 5, 1)
    assert (reviewed.looked_at, reviewed.removed) == (6, 1)


def compare(world: World, **options: Any) -> Any:
    """What `verify` does with snapshots."""
    log = world.store.make_log()
    try:
        given = {"now": SystemClock().now()} | options
        return Comparer(world.store, log, **given).run()
    finally:
        log.close()


def test_what_is_beyond_the_bound_has_its_turn_on_another_day(world: World) -> None:
    stream = world.stream("a", 70)
    world.snapshotter().build_due()
    kept = world.snapshots.newest(stream, at_most=30)
    assert kept is not None
    # by an `apply` that is no function of its events
    world.snapshots.write([replace(kept, state=kept.state.replace(b"29", b"28"))])
    today = SystemClock().now()

    days = [
        compare(world, at_most=3, now=today + timedelta(days=day), page=2)
        for day in range(3)
    ]

    assert [day.compared for day in days] == [3] * 3
    assert [day.not_compared for day in days] == [{"beyond the bound": 4}] * 3
    assert sum(day.wrong for day in days) >= 1
    assert compare(world, at_most=None).named == [
        (f"snapshot of {stream} at version 30", "it says another state than its events")
    ]


@pytest.mark.parametrize("bound", ["0", "-1", "many", ""])
def test_a_bound_that_is_none_is_refused(world: World, bound: str) -> None:
    with pytest.raises(CommandError, match="all, or a number above 0"):
        call_command("verify", "--snapshots", bound)


def test_verify_says_how_many_it_compared_and_how_many_it_did_not(world: World) -> None:
    world.stream("a", 30)
    world.snapshotter().build_due()
    execute("UPDATE eventstore_snapshot SET drifted = true WHERE version = 10")
    out = StringIO()

    call_command("verify", "--snapshots", "all", stdout=out)

    assert (
        "3 snapshots and 3 records of their topics checked with this store's keys, 2 snapshots compared with a full replay,"
        " 1 not (1 set aside)." in out.getvalue()
    )
    status, findings = verified("--snapshots", "1")
    snapshots = findings["snapshots"]
    assert (status, snapshots["kept"]) == (0, 3)
    assert snapshots["compared"] <= 1
    assert snapshots["compared"] + sum(snapshots["not_compared"].values()) == 3


def test_rows_of_another_history_and_of_other_code_are_counted_and_no_difference(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    one, two = (world.snapshots.newest(stream, at_most=v) for v in (10, 20))
    assert one is not None
    assert two is not None
    world.snapshots.write(
        [replace(one, event_id=uuid4()), replace(two, stamp=Stamp(1, bytes(32)))]
    )

    compared = compare(world, at_most=None)

    assert (compared.kept, compared.compared, compared.wrong) == (4, 2, 0)
    assert compared.not_compared == {"another history": 1, "other code": 1}


# ---- the topics


def forged_records(world: World, stream: str, own: Signer) -> list[Proposal]:
    """What somebody puts into the topic: a plausible state of the newest event, and the same of the event before."""
    [last] = world.store.read(stream, 29, 29)
    order = world.order(stream.partition(".")[2], version=29)
    order.state.customer_id, order.state.quantity = "mallory", 1_000
    plausible = world.snapshots.snapshot_of(order, last)
    return [
        Proposal(home(world, stream), stream.encode(), encode(one, own))
        for one in (plausible, replace(plausible, version=28))
    ]


def home(world: World, stream: str) -> Place:
    """Where the records of its snapshots stand."""
    partition = partition_of(stream, world.store.topics.partitions)
    return Place(topic_of(world.order.stream_type), partition)


def test_a_record_that_this_store_has_not_signed_does_not_get_into_the_table(
    store: EventStore,
) -> None:
    """On both logs: somebody may write to the topic, and the key is not known to him."""
    world = World(store)
    log = store.make_log()
    create(snapshot_topics(), log)
    stream = world.stream("a", 29)
    world.snapshotter().build_due()
    log.append(
        forged_records(world, stream, Signer([b"somebody else's"])), timeout_s=10
    )
    log.close()
    execute("TRUNCATE eventstore_snapshot")
    before = refused()

    with capture_logs() as said:
        filled = world.filler().once()
    status, findings = verified()

    assert filled == 2
    assert world.versions(stream) == [10, 20]
    assert loaded(world, stream) == ("customer-1", 28)
    assert refused() == before + 2
    (line,) = [one for one in said if one.get("action") == "snapshot-records-passed"]
    assert (line["reason"], line["records"]) == ("not_ours", 2)
    assert status == 1
    named = findings["snapshots"]["named"]
    assert [what for _, what in named] == ["it is not signed by this store"] * 2
    assert named[0][0] == f"{line['place']} offset {line['first_offset']}"


def test_records_of_the_formats_first_version_are_passed_and_told_of(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    (first, *_) = world.in_topic()
    fields = json.loads(first.value or b"")
    del fields["mac"], fields["position"]
    old = json.dumps(fields | {"v": 1}).encode()
    log = world.store.make_log()
    log.append([Proposal(home(world, stream), stream.encode(), old)], timeout_s=120)
    log.close()
    execute("TRUNCATE eventstore_snapshot")

    assert world.filler().once() == 2
    status, findings = verified()

    assert (status, findings["snapshots"]["passed"]) == (0, {"earlier_form": 1})
    with connection.cursor() as cursor:
        assert number(cursor) == 2

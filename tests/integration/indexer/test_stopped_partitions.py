"""A partition that this code cannot fold any further: named everywhere, and the others can be read without it."""

from __future__ import annotations

import json
import threading
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import IndexIncomplete, PartitionSetAside, UnknownRuleVersion
from eventstore.indexer import stops
from eventstore.indexer.mirror import Mirror
from eventstore.management.commands import partitions
from eventstore.queries import browse
from eventstore.queries.stops import stopped
from eventstore.upkeep.verifier.verify import Verifier
from teddy_es import health
from tests.support.worlds import World, changed, record, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer
    from eventstore.ports import Extent


class Halted:
    """A store whose partition 0 holds an activation of rules that this code does not know."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.store()
        self.stream, self.other = world.stream(), world.stream(1)
        self.place: Place = world.place(self.stream)
        for stream in (self.stream, self.other):
            self.store.append(stream, [changed()], 0)
        world.foreign(self.place, b'{"v":1,"activate":2}', None)

    def crash(self) -> None:
        """Folds go back, the mark is gone, and every connection is a new one."""
        self.world.lose_folds(self.world.place(self.other), 0)
        with connect() as other:
            other.execute("TRUNCATE eventstore_indexcomplete")
        connection.close()

    def round(self) -> Mirror:
        """One round of a mirror."""
        found = Mirror(self.store.make_indexer, threading.Event())
        with self.store.indexer() as indexer:
            found.round(indexer)
        return found

    def mark(self) -> list[list[int]]:
        """What the mark leaves out, if it is there."""
        found = self.world.query("SELECT without FROM eventstore_indexcomplete")
        return [list(row[0]) for row in found]


@pytest.fixture
def halted(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Halted]:
    found = Halted(world)
    monkeypatch.setattr(partitions, "get_event_store", lambda: found.store)
    monkeypatch.setattr(health, "get_event_store", lambda: found.store)
    health.forget()
    yield found
    health.forget()


def run(*arguments: str) -> str:
    """What the command writes."""
    out = StringIO()
    call_command("partitions", *arguments, stdout=out)
    return out.getvalue()


def set_aside(halted: Halted) -> str:
    """The operator's decision."""
    return run(
        "set-aside", str(halted.place), "--reason", "new code comes", "--by", "Ann"
    )


# ---- it is named


def test_nothing_is_named_while_nothing_has_stopped(world: World) -> None:
    world.store().append(world.stream(), [changed()], 0)

    assert list(stopped()) == []
    assert run("list") == "No partition has stopped.\n"


def test_the_mirror_notes_what_has_stopped_once_and_keeps_since_when(
    halted: Halted,
) -> None:
    halted.round()
    [first] = stopped()
    halted.round()
    [again] = stopped()

    assert (first.place, first.code) == (str(halted.place), "unknown-rule-version")
    assert "update the code" in (first.cause or "")
    assert again == first


def test_a_partition_that_goes_on_is_noted_no_longer(halted: Halted) -> None:
    partition = halted.store.topics.partition_id(halted.world.place(halted.other))
    with connect() as other:
        stops.note(other, partition, code="log-unreadable", cause="a test")

    halted.round()

    assert [one.place for one in stopped()] == [str(halted.place)]


def test_a_list_for_programs_has_everything(halted: Halted) -> None:
    halted.round()

    [one] = json.loads(run("list", "--json"))

    assert (one["place"], one["is_set_aside"]) == (str(halted.place), False)
    assert one["since"].endswith("+00:00")


def test_ready_names_a_stopped_partition_and_stays_ready(halted: Halted) -> None:
    halted.round()

    answer = Client().get("/readyz")

    found = json.loads(answer.content)
    assert [one["partition"] for one in found["stopped"]] == [str(halted.place)]
    assert found["stopped"][0]["code"] == "unknown-rule-version"


def test_ready_stays_ready_if_the_index_was_complete_before_it_stopped(
    halted: Halted,
) -> None:
    with connect() as other:
        other.execute(
            "INSERT INTO eventstore_indexcomplete (id) VALUES (1) ON CONFLICT DO NOTHING"
        )
    halted.round()

    answer = Client().get("/readyz")

    assert answer.status_code == 200
    assert len(json.loads(answer.content)["stopped"]) == 1


def test_verify_finds_that_a_partition_has_stopped(halted: Halted) -> None:
    with halted.store.indexer() as indexer:
        verifier = Verifier(
            halted.store.topics,
            indexer.log,
            indexer.connection(),
            now=SystemClock().now(),
        )
        halted.store.catch_up([halted.world.place(halted.other)], timeout_s=30)
        found = verifier.run(halted.store.topics.places, progress=lambda *_: None)

    [difference] = found.differences
    assert difference.position == f"{halted.place}/1"
    assert "rule version 2" in difference.what


def test_a_lag_that_this_code_can_fold_is_no_difference(world: World) -> None:
    store, stream = world.store(), world.stream()
    store.append(stream, [changed()], 0)
    world.foreign(world.place(stream), record(stream), stream.encode())
    with store.indexer() as indexer:
        connection_ = indexer.connection()
        verifier = Verifier(
            store.topics, indexer.log, connection_, now=SystemClock().now()
        )
        found = verifier.run(store.topics.places, progress=lambda *_: None)

    assert sum(one.unfolded for one in found.places) == 1
    assert list(found.differences) == []


def test_the_console_names_it_on_every_page(halted: Halted, officer: Client) -> None:
    halted.round()
    with connect() as other:
        other.execute(
            "INSERT INTO eventstore_indexcomplete (id) VALUES (1) ON CONFLICT DO NOTHING"
        )

    pages = [
        officer.get(reverse(f"admin:{name}")).content.decode()
        for name in ("index", "events", "streams", "subscriptions", "jobs")
    ]

    assert [f"{halted.place} has stopped" in page for page in pages] == [True] * 5


# ---- the others are read without it


def test_after_a_crash_nobody_reads_until_a_person_has_decided(halted: Halted) -> None:
    halted.crash()

    with pytest.raises(IndexIncomplete, match="update the code"):
        versions(halted.store, halted.other)

    set_aside(halted)
    assert versions(halted.store, halted.other) == [1]
    assert halted.mark() == [[halted.store.topics.partition_id(halted.place)]]


def test_its_own_streams_are_refused_by_every_read_of_one(halted: Halted) -> None:
    halted.crash()
    halted.round()
    set_aside(halted)
    store, stream = halted.store, halted.stream
    now = SystemClock().now()
    reads: list[Callable[[], object]] = [
        lambda: versions(store, stream),
        lambda: list(store.read(stream, backwards=True)),
        lambda: list(store.history(stream)),
        lambda: store.stream_info(stream),
        lambda: browse.stream(stream),
    ]

    for read in reads:
        with pytest.raises(PartitionSetAside, match="partitions list"):
            read()
    with pytest.raises((PartitionSetAside, UnknownRuleVersion)):
        store.version_as_of(stream, now)


def test_the_feed_goes_on_with_what_is_folded(halted: Halted) -> None:
    halted.crash()
    halted.round()
    set_aside(halted)

    events, _ = halted.store.read_all()

    assert {e.metadata.stream_id for e in events} == {halted.stream, halted.other}


def test_a_page_of_its_stream_says_why_and_one_of_another_is_there(
    halted: Halted, officer: Client
) -> None:
    halted.crash()
    halted.round()
    set_aside(halted)

    refused = officer.get(reverse("admin:stream", args=[halted.stream]))
    shown = officer.get(reverse("admin:stream", args=[halted.other]))

    assert (refused.status_code, shown.status_code) == (503, 200)
    assert "was set aside" in refused.content.decode()


def test_the_mirror_sets_the_mark_without_it(halted: Halted) -> None:
    halted.crash()
    halted.round()
    assert halted.mark() == []
    set_aside(halted)

    halted.round()

    assert halted.mark() == [[halted.store.topics.partition_id(halted.place)]]


def test_once_it_can_be_folded_the_mark_is_whole_and_its_streams_are_read(
    halted: Halted,
) -> None:
    """New code is played by a log that holds something else at that offset, which nobody has folded."""
    halted.crash()
    halted.round()
    set_aside(halted)
    with pytest.raises(PartitionSetAside):
        versions(halted.store, halted.stream)

    with connect() as other:
        other.execute("ALTER TABLE eventstore_logrecord DISABLE TRIGGER USER")
        other.execute(
            'UPDATE eventstore_logrecord SET key = %s, value = %s WHERE partition = 0 AND "offset" = 1',
            [halted.stream.encode(), record(halted.stream)],
        )
        other.execute("ALTER TABLE eventstore_logrecord ENABLE TRIGGER USER")
    halted.round()

    assert halted.mark() == [[]]
    assert list(versions(halted.store, halted.stream)) == [1, 2]
    assert list(stopped()) == []
    acts = halted.world.query(
        "SELECT act, done_by FROM eventstore_partitionact ORDER BY id"
    )
    assert acts == [("set_aside", "Ann"), ("taken_back", "mirror")]


def test_who_takes_it_back_has_all_reads_wait_again(halted: Halted) -> None:
    halted.crash()
    halted.round()
    set_aside(halted)
    assert versions(halted.store, halted.other) == [1]

    run("take-back", str(halted.place), "--reason", "a mistake", "--by", "Ben")

    connection.close()
    with pytest.raises(IndexIncomplete, match="update the code"):
        versions(halted.store, halted.other)


# ---- the decision


def test_the_decision_is_kept_with_who_when_and_why(halted: Halted) -> None:
    halted.round()

    assert "Ann: new code comes" in set_aside(halted)

    [one] = stopped()
    assert (one.act, one.done_by, one.reason) == ("set_aside", "Ann", "new code comes")
    run("take-back", str(halted.place), "--reason", "a mistake", "--by", "Ben")
    acts = halted.world.query(
        "SELECT act, done_by FROM eventstore_partitionact ORDER BY id"
    )
    assert acts == [("set_aside", "Ann"), ("taken_back", "Ben")]


@pytest.mark.parametrize("act", ["set-aside", "take-back"])
def test_what_has_not_stopped_or_is_not_set_aside_is_left_alone(
    halted: Halted, act: str
) -> None:
    halted.round()

    with pytest.raises(CommandError, match="nothing was done"):
        run(act, str(halted.world.place(halted.other)), "--reason", "x")

    assert halted.world.query("SELECT count(*) FROM eventstore_partitionact") == [(0,)]


def test_twice_is_once(halted: Halted) -> None:
    halted.round()
    set_aside(halted)

    with pytest.raises(CommandError, match="set aside already"):
        set_aside(halted)


@pytest.mark.parametrize("place", ["nonsense", "eventstore.nobody/0", "x/-1", "x/²"])
def test_what_is_no_partition_is_refused(halted: Halted, place: str) -> None:
    with pytest.raises(CommandError, match="Write it as in"):
        run("set-aside", place, "--reason", "x")


@pytest.mark.parametrize("reason", ["", " "])
def test_a_decision_needs_a_reason(halted: Halted, reason: str) -> None:
    halted.round()

    with pytest.raises(CommandError):
        run("set-aside", str(halted.place), "--reason", reason)


def decided(connection_: psycopg.Connection[Any], act: str) -> bool:
    """What a person decides of a partition that stands noted."""
    now = SystemClock().now()
    return stops.decide(connection_, 1, act, reason="a test", by="Ann", at=now)


def test_what_was_taken_back_before_is_not_taken_back_again_when_it_goes_on(
    transactional_db: None,
) -> None:
    with connect() as other:
        stops.note(other, 1, code="log-unreadable", cause="a test")
        decided(other, stops.SET_ASIDE)
        decided(other, stops.TAKEN_BACK)

        stops.clear(other, 1)

        acts = other.execute("SELECT act FROM eventstore_partitionact ORDER BY id")
        assert acts.fetchall() == [(stops.SET_ASIDE,), (stops.TAKEN_BACK,)]


def test_two_who_decide_come_one_behind_the_other(transactional_db: None) -> None:
    asked = "SELECT pg_try_advisory_lock(hashtext('eventstore_partitionact'))"
    with connect() as first, connect() as second:
        stops.note(first, 1, code="log-unreadable", cause="a test")
        with first.transaction():
            assert decided(first, stops.SET_ASIDE)

            assert second.execute(asked).fetchone() == (False,)


# ---- a fault that nobody foresaw


class Faulty:
    """An indexer that fails of what nobody foresaw, until it is mended."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self.fails, self.closed = True, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._indexer, name)

    def lag(self, place: Place, extent: Extent) -> int:
        """See `Folds`."""
        if self.fails:
            raise ZeroDivisionError
        return self._indexer.lag(place, extent)

    def close(self) -> None:
        """See `Folds`."""
        self.closed += 1
        self._indexer.close()


def test_a_fault_stops_its_partitions_until_they_go_on(world: World) -> None:
    places = world.topics.places
    mirror = Mirror(world.store().make_indexer, threading.Event())
    with world.store().indexer() as indexer:
        faulty = Faulty(indexer)
        mirror.round(cast("Indexer", faulty))
        first = set(mirror.stopped), set(mirror._faulty), faulty.closed
        noted = [one.code for one in stopped()]
        faulty.fails = False

        mirror.round(cast("Indexer", faulty))

    assert first == (set(places), set(places), len(places))
    assert noted == ["ZeroDivisionError"] * len(places)
    assert (mirror.stopped, mirror._faulty, list(stopped())) == ({}, set(), [])
    assert world.query("SELECT without FROM eventstore_indexcomplete") == [([],)]

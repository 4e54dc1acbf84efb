"""What each statement of checkpoints and parked streams finds and touches, and what beside it it leaves as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from eventstore.errors import IndexRebuilt, StreamNotParked
from eventstore.events import MAX_OFFSET
from eventstore.protocol.positions import first_of
from eventstore.subscriptions import (
    Subscription,
    checkpoint_rows,
    checkpoints,
    names,
    parking,
)
from eventstore.subscriptions.checkpoints import Held
from eventstore.subscriptions.delivery import Delivery
from eventstore.subscriptions.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GENERATION = UUID(int=1)

_PARTITION = """
INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, "cursor", last_recorded_at, rule_version)
VALUES (%s, %s, %s, 3, 't', %s, %s, 0, 1)
"""
_SUBSCRIPTION = "INSERT INTO eventstore_subscription (name, version, wants, born, made_at) VALUES (%s, %s, '', '', %s)"
_CHECKPOINT = """
INSERT INTO eventstore_checkpoint (subscription, partition_id, version, "cursor", first_time_from, paused, handled, skipped, rate, moved_at)
VALUES (%s, %s, %s, %s, %s, %s, 5, 4, 3, %s)
"""
_EVENT = """
INSERT INTO eventstore_event (position, event_id, stream_id, version, event_type, occurred_at, recorded_at)
VALUES (%s, %s, %s, %s, 'OrderPlaced', now(), now())
"""


class Rows:
    """Of the tables, in a transaction that is rolled back. Subscriptions are a and b; partitions 7 and 8, folded to 10."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.cursor = cursor
        for partition in (7, 8):
            place = f"topic-{partition}", partition
            cursor.execute(_PARTITION, [partition, *place, GENERATION, 10])

    def subscribed(self, name: str = "a", version: int = 1) -> None:
        """A subscription's row."""
        self.cursor.execute(_SUBSCRIPTION, [name, version, NOW])

    def at(
        self,
        cursor: int,
        partition: int = 7,
        name: str = "a",
        version: int = 1,
        *,
        first_time_from: int = 0,
        paused: bool = False,
    ) -> None:
        """A checkpoint; it has handled 5, skipped 4, at a rate of 3."""
        values = [name, partition, version, cursor, first_time_from, paused, NOW]
        self.cursor.execute(_CHECKPOINT, values)

    def parked(
        self,
        stream: str,
        partition: int = 7,
        name: str = "a",
        wait: float | None = 1,
        *,
        position: int = 100,
        attempts: int = 1,
    ) -> bool:
        """A parked stream, tried again after so many seconds; whether it will be."""
        delivery = Delivery(
            position, stream, 6, "OrderPlaced", uuid4(), None, NOW, None
        )
        retries: Sequence[float] = () if wait is None else (wait,)
        return parking.park(
            self.cursor,
            name,
            partition,
            delivery,
            Failure("ValueError", "a:1"),
            attempts=attempts,
            retries=retries,
            now=NOW,
        )

    def checkpoints(self, *columns: str) -> dict[tuple[str, int], Any]:
        """Of each, one column's value, or several."""
        self.cursor.execute("SELECT * FROM eventstore_checkpoint")
        return {(r["subscription"], r["partition_id"]): r for r in self._rows(columns)}

    def streams(self, *columns: str) -> dict[tuple[str, str], Any]:
        """Likewise of each parked stream."""
        self.cursor.execute("SELECT * FROM eventstore_parkedstream")
        return {(r["subscription"], r["stream_id"]): r for r in self._rows(columns)}

    def _rows(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        names = [column.name for column in self.cursor.description or ()]
        kept = {"subscription", "partition_id", "stream_id", *columns}
        for row in self.cursor.fetchall():
            yield {k: v for k, v in zip(names, row, strict=True) if k in kept}


@pytest.fixture
def rows(db: None) -> Iterator[Rows]:
    with connection.cursor() as cursor:
        yield Rows(cursor)


def of(found: dict[Any, dict[str, Any]], column: str) -> dict[Any, Any]:
    """One column's value of each."""
    return {key: row[column] for key, row in found.items()}


# ---- checkpoints, as they are taken and moved


def test_what_lags_is_what_has_something_to_do(rows: Rows) -> None:
    rows.at(9, 7)
    rows.at(10, 8)
    rows.at(9, 7, "b", 2)
    rows.at(9, 8, "b", 1, paused=True)

    found = [
        checkpoints.lagging(rows.cursor, name, version, NOW)
        for name, version in (("a", 1), ("a", 2), ("b", 2), ("b", 1))
    ]

    assert found == [[7], [], [7], []]


def test_at_the_end_one_lags_by_a_stream_of_its_own_that_is_due(rows: Rows) -> None:
    rows.at(10, 7)
    rows.at(11, 8)
    rows.at(10, 7, "b")
    rows.parked("order.x", 8, wait=1)
    rows.parked("order.y", 7, wait=2)
    rows.parked("order.z", 8, "b", wait=1)

    def lagging(seconds: int) -> list[list[int]]:
        now = NOW + seconds * SECOND
        return [checkpoints.lagging(rows.cursor, n, 1, now) for n in ("a", "b")]

    assert [lagging(1), lagging(2), lagging(3)] == [[[], []], [[7], []], [[7], []]]


def test_one_is_held_by_who_may_handle_it(rows: Rows) -> None:
    rows.subscribed("a", 1)
    rows.subscribed("b", 2)
    rows.at(3, 7, first_time_from=2)
    rows.at(4, 8, paused=True)
    rows.at(5, 7, "b", 1)
    rows.at(6, 8, "b", 2)

    held = {
        (name, version, partition): checkpoints.hold(
            rows.cursor, name, version, partition
        )
        for name in "ab"
        for version in (1, 2)
        for partition in (7, 8, 9)
    }

    assert {key: one for key, one in held.items() if one is not None} == {
        ("a", 1, 7): Held(7, 3, 10, 2, 3.0, NOW, GENERATION),
        ("b", 2, 8): Held(8, 6, 10, 0, 3.0, NOW, GENERATION),
    }


@pytest.mark.parametrize(
    ("folded", "generation", "is_refused"),
    [
        (10, GENERATION, False),
        (11, GENERATION, False),
        (9, GENERATION, True),
        (10, UUID(int=2), True),
    ],
)
def test_an_index_is_another_by_its_generation_or_by_having_less(
    rows: Rows, folded: int, generation: UUID, *, is_refused: bool
) -> None:
    held = Held(7, 3, 10, 0, 0.0, NOW, GENERATION)
    rows.cursor.execute(
        'UPDATE eventstore_partition SET "cursor" = %s, generation = %s',
        [folded, generation],
    )

    try:
        checkpoints.refuse_a_rebuilt_index(rows.cursor, held)
    except IndexRebuilt:
        assert is_refused
    else:
        assert not is_refused


@pytest.mark.parametrize(("seconds", "setting"), [(60, "1min"), (90.0004, "90s")])
def test_a_transaction_that_is_silent_is_ended_after_so_long(
    rows: Rows, seconds: float, setting: str
) -> None:
    checkpoints.guard(rows.cursor, seconds)

    rows.cursor.execute("SHOW idle_in_transaction_session_timeout")
    assert rows.cursor.fetchone() == (setting,)


def test_a_time_that_is_next_to_none_does_not_mean_for_ever() -> None:
    class Asked:
        def execute(self, _query: str, parameters: dict[str, str]) -> None:
            self.ms = parameters["ms"]

    asked: Any = Asked()
    checkpoints.guard(asked, 0.0001)

    assert asked.ms == "1"


@pytest.mark.parametrize(("durable", "setting"), [(True, "on"), (False, "off")])
def test_one_is_moved_and_counts_and_no_other(
    rows: Rows, setting: str, *, durable: bool
) -> None:
    for name, partition in (("a", 7), ("a", 8), ("b", 7)):
        rows.at(3, partition, name)
    rows.cursor.execute("SET LOCAL synchronous_commit = on")
    held = Held(7, 3, 10, 0, 0.0, NOW, GENERATION)
    later = NOW + 30 * SECOND

    checkpoints.move(
        rows.cursor, "a", held, to=9, handled=4, skipped=2, now=later, durable=durable
    )

    found = rows.checkpoints("cursor", "handled", "skipped", "rate", "moved_at")
    moved = found.pop(("a", 7))
    assert (moved["cursor"], moved["handled"], moved["skipped"]) == (9, 9, 6)
    assert (moved["rate"], moved["moved_at"]) == (held.rate_after(6, later), later)
    assert of(found, "cursor") == {("a", 8): 3, ("b", 7): 3}
    assert of(found, "handled") == {("a", 8): 5, ("b", 7): 5}
    rows.cursor.execute("SHOW synchronous_commit")
    assert rows.cursor.fetchone() == (setting,)


def test_a_rate_is_that_of_the_last_half_minute() -> None:
    held = Held(7, 3, 10, 0, 4.0, NOW, GENERATION)

    rates = [held.rate_after(10 * s, NOW + s * SECOND) for s in (30, 3_000)]

    assert rates == [pytest.approx(7.79, abs=0.01), pytest.approx(10)]
    assert held.rate_after(0, NOW + 30 * SECOND) == pytest.approx(1.47, abs=0.01)
    assert held.rate_after(1, NOW - SECOND) > 0  # a clock ran back


def test_where_they_stand_is_the_newest_version_and_how_many_are_beyond(
    rows: Rows,
) -> None:
    assert checkpoints.stands(rows.cursor, "a") == (None, 0)
    rows.at(10, 7, "a", 1)
    rows.at(11, 8, "a", 2)
    rows.at(11, 7, "b", 3)

    assert checkpoints.stands(rows.cursor, "a") == (2, 1)


def test_a_partition_that_has_no_checkpoint_is_lacking(rows: Rows) -> None:
    rows.at(3, 7)
    rows.at(3, 8, "b")

    found = [
        checkpoints.are_lacking(rows.cursor, "a", topics)
        for topics in (["topic-7"], ["topic-8"], ["topic-7", "topic-8"], ["topic-9"])
    ]

    assert found == [False, True, True, False]


# ---- checkpoints, outside of a turn


def test_only_those_that_are_missing_are_made(rows: Rows) -> None:
    rows.at(3, 7)
    places = {"ids": [7, 8], "starts": [1, 2], "born": [6, 4]}

    for name, first_time_from in (("a", 5), ("b", 5)):
        checkpoint_rows.add(
            rows.cursor, name, 2, places, first_time_from=first_time_from, now=NOW
        )

    found = rows.checkpoints(
        "version", "cursor", "first_time_from", "paused", "handled", "skipped", "rate"
    )
    assert of(found, "cursor") == {("a", 7): 3, ("a", 8): 2, ("b", 7): 1, ("b", 8): 2}
    assert of(found, "first_time_from") == {
        ("a", 7): 0,
        ("a", 8): 5,
        ("b", 7): 6,
        ("b", 8): 5,
    }
    new = found["b", 8]
    assert (new["version"], new["paused"]) == (2, False)
    assert (new["handled"], new["skipped"], new["rate"]) == (0, 0, 0.0)


def test_older_ones_are_taken_over_and_no_newer_ones(rows: Rows) -> None:
    rows.at(3, 7, version=1)
    rows.at(3, 8, version=3)
    rows.at(3, 7, "b", version=1)

    took = [checkpoint_rows.take_over(rows.cursor, "a", 2) for _ in range(2)]

    assert took == [True, False]
    found = rows.checkpoints("version")
    assert of(found, "version") == {("a", 7): 2, ("a", 8): 3, ("b", 7): 1}


def test_they_are_set_elsewhere_and_what_was_handled_happens_no_more_for_the_first_time(
    rows: Rows,
) -> None:
    rows.at(6, 7, first_time_from=2)
    rows.at(6, 8, first_time_from=9)
    rows.at(6, 7, "b")
    later = NOW + SECOND

    checkpoint_rows.reset(rows.cursor, "a", {7: 1, 8: 2}, later)

    found = rows.checkpoints("cursor", "first_time_from", "rate", "moved_at")
    other = found.pop(("b", 7))
    assert of(found, "cursor") == {("a", 7): 1, ("a", 8): 2}
    assert of(found, "first_time_from") == {("a", 7): 6, ("a", 8): 9}
    assert of(found, "rate") == {("a", 7): 0.0, ("a", 8): 0.0}
    assert of(found, "moved_at") == {("a", 7): later, ("a", 8): later}
    assert (other["cursor"], other["rate"]) == (6, 3.0)


def test_a_skip_counts_in_its_partition(rows: Rows) -> None:
    for name, partition in (("a", 7), ("a", 8), ("b", 7)):
        rows.at(3, partition, name)

    checkpoint_rows.count_skipped(rows.cursor, "a", 7)

    found = rows.checkpoints("skipped")
    assert of(found, "skipped") == {("a", 7): 5, ("a", 8): 4, ("b", 7): 4}


def test_first_times_are_from_here_on_or_never(rows: Rows) -> None:
    rows.at(3, 7)
    rows.at(4, 7, "b")

    checkpoint_rows.first_time_from_here(rows.cursor, "a")
    checkpoint_rows.no_first_time(rows.cursor, "b")

    found = of(rows.checkpoints("first_time_from"), "first_time_from")
    assert found == {("a", 7): 3, ("b", 7): MAX_OFFSET}


def test_what_lacks_is_what_lies_before_the_offsets_that_are_wanted(rows: Rows) -> None:
    rows.at(3, 7)
    rows.at(6, 8)
    rows.at(1, 7, "b")

    wanted: list[dict[int, int]] = [{7: 5, 8: 9}, {7: 3}, {7: 2, 8: 7}, {9: 4}, {}]
    found = [checkpoint_rows.lacking(rows.cursor, "a", one) for one in wanted]

    assert found == [5, 0, 1, 0, 0]
    assert checkpoint_rows.offset_of(rows.cursor, "a", 8) == 6
    assert checkpoint_rows.offset_of(rows.cursor, "b", 8) is None


def test_one_is_as_far_as_another_by_what_both_have_handled(rows: Rows) -> None:
    rows.at(3, 7, "b")
    rows.at(9, 8, "b")
    assert checkpoint_rows.as_far_as(rows.cursor, "b", "a") == (12, 20)  # of the folded
    rows.at(5, 7, "a")
    rows.at(6, 8, "a")

    assert checkpoint_rows.as_far_as(rows.cursor, "b", "a") == (9, 11)
    assert checkpoint_rows.as_far_as(rows.cursor, "c", "a") == (0, 0)


# ---- parked streams


def test_a_stream_is_due_from_its_moment_on_in_its_partition(rows: Rows) -> None:
    rows.parked("order.x", 8)
    rows.parked("order.y", 7, "b")
    rows.parked("order.z", 7, wait=None)
    rows.parked("order.u", 7)

    def due(seconds: float) -> tuple[str | None, bool]:
        now = NOW + seconds * SECOND
        found = parking.due(rows.cursor, "a", 7, now)
        return found and found.stream_id, parking.is_any_due(rows.cursor, "a", now)

    assert [due(0.9), due(1)] == [(None, False), ("order.u", True)]


@pytest.mark.parametrize(
    ("attempts", "again", "wait"), [(1, True, 1), (2, True, 5), (3, False, None)]
)
def test_a_stream_is_tried_again_as_often_as_there_are_waits(
    rows: Rows, attempts: int, wait: int | None, *, again: bool
) -> None:
    delivery = Delivery(9, "order.x", 6, "OrderPlaced", uuid4(), None, NOW, None)
    failure = Failure("ValueError", "a:1")

    told = parking.park(
        rows.cursor,
        "a",
        7,
        delivery,
        failure,
        attempts=attempts,
        retries=(1, 5),
        now=NOW,
    )

    [row] = rows.streams("attempts", "retry_at", "failed_at").values()
    assert told is again
    assert (row["attempts"], row["failed_at"]) == (attempts, NOW)
    assert row["retry_at"] == (None if wait is None else NOW + wait * SECOND)


def test_what_is_parked_again_is_parked_at_where_it_failed_last(rows: Rows) -> None:
    rows.parked("order.x")
    rows.parked("order.x", position=200, wait=None, attempts=3)

    [row] = rows.streams("position", "attempts", "retry_at").values()
    assert (row["position"], row["attempts"], row["retry_at"]) == (200, 3, None)


def test_who_gets_on_or_is_skipped_is_due_at_once_and_no_other(rows: Rows) -> None:
    for stream, name in (
        ("order.x", "a"),
        ("order.y", "a"),
        ("order.z", "a"),
        ("order.x", "b"),
    ):
        rows.parked(stream, 7, name, wait=None, attempts=3)

    parking.get_on(rows.cursor, "a", "order.x", position=300, version=8, now=NOW)
    parking.skip(rows.cursor, "a", "order.y", NOW)

    found = rows.streams("position", "version", "attempts", "retry_at")
    told = {
        key: (row["position"], row["version"], row["attempts"], row["retry_at"])
        for key, row in found.items()
    }
    assert told == {
        ("a", "order.x"): (300, 8, 0, NOW),
        ("a", "order.y"): (101, 7, 0, NOW),
        ("a", "order.z"): (100, 6, 3, None),
        ("b", "order.x"): (100, 6, 3, None),
    }
    at = [parking.parked_at(rows.cursor, "a", f"order.{n}").position for n in "xyz"]
    assert at == [300, 101, 100]


@pytest.mark.parametrize(
    ("stream", "retried"), [("order.x", ["order.x"]), (None, ["order.x", "order.y"])]
)
def test_one_is_tried_again_or_all_of_a_subscription(
    rows: Rows, stream: str | None, retried: list[str]
) -> None:
    for name in "ab":
        for one in ("order.x", "order.y"):
            rows.parked(one, 7, name, wait=None, attempts=3)

    count = parking.try_again(rows.cursor, "a", stream, NOW)

    found = rows.streams("attempts", "retry_at")
    again = [key for key, row in found.items() if row["retry_at"] == NOW]
    assert (count, sorted(again)) == (len(retried), [("a", one) for one in retried])
    assert {found[key]["attempts"] for key in again} == {0}


def test_a_stream_is_in_the_way_of_what_stands_at_its_place_and_behind_it(
    rows: Rows,
) -> None:
    first = first_of(7, 0)
    for n, stream in enumerate(["order.x", "order.x", "order.x", "order.y"]):
        rows.cursor.execute(_EVENT, [first + n, uuid4(), stream, 1 + n])
    rows.parked("order.x", position=first + 1, wait=None)
    rows.parked("order.x", 7, "b", position=first, wait=1)

    def in_the_way(name: str) -> list[int]:
        return [n for n in range(4) if parking.in_the_way(rows.cursor, name, first + n)]

    assert (in_the_way("a"), in_the_way("b")) == ([1, 2], [0, 1, 2])
    [one] = parking.in_the_way(rows.cursor, "a", first + 1)
    [other] = parking.in_the_way(rows.cursor, "b", first + 1)
    assert (one.version, one.is_parked, other.is_parked) == (6, True, False)


def test_only_its_own_parked_streams_are_asked_for_and_forgotten(rows: Rows) -> None:
    for name in "ab":
        for one in ("order.x", "order.y"):
            rows.parked(one, 7, name)

    asked = parking.among(rows.cursor, "a", ["order.x", "order.z"])
    parking.done(rows.cursor, "a", "order.x")
    parking.forget(rows.cursor, "b")

    assert asked == {"order.x"}
    assert set(rows.streams()) == {("a", "order.y")}
    assert parking.parked_at(rows.cursor, "a", "order.y").version == 6
    with pytest.raises(StreamNotParked):
        parking.parked_at(rows.cursor, "a", "order.x")


def test_another_name_takes_everything_of_one_with_it_and_no_more(rows: Rows) -> None:
    for name in "ab":
        rows.subscribed(name)
        rows.at(3, 7, name)
        rows.parked("order.x", 7, name)

    for rename in (names.rename, checkpoint_rows.rename, parking.rename):
        rename(rows.cursor, "a", "c")

    assert [names.is_there(rows.cursor, name) for name in "abc"] == [False, True, True]
    assert set(rows.checkpoints()) == {("b", 7), ("c", 7)}
    assert set(rows.streams()) == {("b", "order.x"), ("c", "order.x")}


def test_what_is_forgotten_is_gone_and_the_others_stay(rows: Rows) -> None:
    for name in "ab":
        rows.subscribed(name)
        rows.at(3, 7, name)

    names.forget(rows.cursor, "a")
    checkpoint_rows.forget(rows.cursor, "a")

    assert [names.is_there(rows.cursor, name) for name in "ab"] == [False, True]
    assert set(rows.checkpoints()) == {("b", 7)}


def test_a_pause_is_one_subscriptions(rows: Rows) -> None:
    for name in "ab":
        rows.at(3, 7, name)

    checkpoint_rows.pause(rows.cursor, "a", paused=True)
    assert of(rows.checkpoints("paused"), "paused") == {("a", 7): True, ("b", 7): False}

    checkpoint_rows.pause(rows.cursor, "a", paused=False)
    assert not any(of(rows.checkpoints("paused"), "paused").values())


def test_the_row_of_a_name_is_made_once_and_says_which_version_may_handle(
    rows: Rows,
) -> None:
    def made(version: int) -> Subscription:
        return Subscription(name="a", handler=print, version=version)

    assert names.version_of(rows.cursor, "a") is None
    assert names.make(rows.cursor, made(1), born="cut", now=NOW)
    assert not names.make(rows.cursor, made(2), born="", now=NOW)
    assert names.hold(rows.cursor, "a") == (1, "cut")

    names.take_over(rows.cursor, made(3))

    assert names.version_of(rows.cursor, "a") == 3
    assert names.hold(rows.cursor, "b") is None

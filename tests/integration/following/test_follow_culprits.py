"""Events that end the transaction in which they are handled: each is found and parked, and holds nobody else up."""

from __future__ import annotations

import random
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.db import InternalError, OperationalError, connection
from psycopg import InterfaceError as InterfaceFault
from psycopg import InternalError as InternalFault
from psycopg import OperationalError as OperationalFault
from psycopg import errors

from eventstore.clock import SystemClock
from eventstore.database import connect, is_lost
from eventstore.events import Expected, NewEvent
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import parked_streams, status_of
from eventstore.testing.shop import OrderChanged
from tests.support.following import (
    Orders,
    follow,
    follower,
    seen,
    subscription,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eventstore.bus import Published
    from eventstore.subscriptions import Subscription
    from eventstore.subscriptions.follower import Follower

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

IDLE_S = 0.4  # what a handler may take, where one takes longer
PLENTY_S = 60.0  # and where none does


def parked() -> dict[str, tuple[int, str]]:
    """Version and error, by the stream's own name."""
    rows = parked_streams(Wanted(), "totals").rows
    return {row.stream_id.partition(".")[2]: (row.version, row.error) for row in rows}


def execute(statement: str) -> Callable[[], None]:
    def do() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return do


def idle() -> None:
    """As a handler that asks a slow service."""
    time.sleep(1.5 * IDLE_S)


def terminate() -> None:
    """As an operator does."""
    with connect() as own:
        own.execute(
            "SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid]
        )


def fail() -> None:
    raise ValueError


def swallow() -> None:
    """A handler that thinks it knows better."""
    idle()
    with suppress(Exception):
        execute("SELECT 1")()


ENDED, LATE, LOST = (
    "handler-ended-its-transaction",
    "handler-timed-out",
    "handler-lost-its-session",
)
BREAKS: dict[str, tuple[Callable[[], Any], str]] = {
    "commit": (execute("COMMIT"), ENDED),
    "rollback": (execute("ROLLBACK"), ENDED),
    "commit and begin": (execute("COMMIT; BEGIN"), ENDED),
    "close": (lambda: connection.close(), ENDED),
    "close the driver's": (lambda: connection.connection.close(), ENDED),
    "idle": (idle, LATE),
    "swallow": (swallow, LATE),
    "limit": (
        execute("SET LOCAL transaction_timeout = 20; SELECT pg_sleep(1)"),
        LATE,
    ),
    "fail": (fail, "ValueError"),
    "exit": (sys.exit, "HandlerExited"),
    "statement": (
        execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)"),
        "OperationalError",
    ),
}
SLOW = {"idle", "swallow"}
QUICK = ["rollback", "close", "close the driver's", "limit", "fail", "exit"]


class Breaking:
    """A handler that does what it is told to do at an event, by stream and version."""

    def __init__(self, at: dict[tuple[str, int], str]) -> None:
        self.at = at

    def __call__(self, event: Published) -> None:
        """Write a row, and break before or behind it."""
        how = self.at.get((event.stream_id.partition(".")[2], event.version))
        if how is not None:
            BREAKS[how][0]()
        write("totals", event)

    def all(self, events: Sequence[Published]) -> None:
        """The same of a batch."""
        for event in events:
            self(event)


def of(handler: Breaking, *, batch: bool = False, **given: Any) -> Subscription:
    timeout_s = IDLE_S if SLOW & set(handler.at.values()) else PLENTY_S
    given = {"retries": (), "timeout_s": timeout_s, **given}
    if batch:
        return subscription(None, batch_handler=handler.all, **given)
    return subscription(handler, **given)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("how", BREAKS)
def test_two_in_one_partition_are_parked_and_all_others_are_handled(
    orders: Orders, how: str, *, batch: bool
) -> None:
    names = [f"s{n}" for n in range(16)]  # several in every partition
    for name in names:
        orders.place(name, 2)
    bad = names[3:14:2]
    handler = Breaking({(name, 2): how for name in bad})

    follow(follower(of(handler, batch=batch)))

    good = {name: [1, 2] for name in names if name not in bad}
    handled = seen()
    assert {name: sorted(set(handled[name])) for name in good} == good
    if not how.startswith("commit"):  # which keeps what was rolled back otherwise
        assert handled == good | {name: [1] for name in bad}
    assert parked() == dict.fromkeys(bad, (2, BREAKS[how][1]))
    assert status_of("totals", SystemClock().now()).lag == 0


@pytest.mark.parametrize("seed", range(12))
def test_any_mix_comes_to_the_end_in_a_bounded_number_of_turns(
    orders: Orders, seed: int
) -> None:
    """Against a simple model: a stream is handled up to its first culprit, and stands there."""
    chance = random.Random(seed)  # noqa: S311  (repeatable)
    events = {f"s{n}": chance.randrange(1, 6) for n in range(chance.randrange(4, 24))}
    place_in_any_order(orders, events, chance)
    hows = QUICK if seed % 2 else [*QUICK, "commit", "commit and begin"]
    at = {
        (name, version): chance.choice(hows)
        for name, count in events.items()
        for version in range(1, count + 1)
        if chance.random() < 0.25
    }
    made = of(
        Breaking(at), batch=chance.random() < 0.5, most=chance.choice([1, 3, 500])
    )

    turns = take_turns(made, chance)

    handled, stopped = modelled(events, at)
    if seed % 2:
        assert seen() == handled
    else:  # who commits for himself may keep what was to be rolled back, from a culprit on
        assert before_culprits(seen(), stopped) == handled
    assert parked() == stopped
    assert turns <= sum(events.values()) + len(at)


def place_in_any_order(
    orders: Orders, events: dict[str, int], chance: random.Random
) -> None:
    """Some of them together in a commit, some alone."""
    left = dict(events)
    while left:
        name = chance.choice([*left])
        count = chance.randrange(1, left[name] + 1)
        if left[name] == events[name]:
            orders.place(name, count)
        else:
            changes = [NewEvent(OrderChanged(quantity=n)) for n in range(count)]
            orders.store.append(orders.stream(name), changes, Expected.STREAM_EXISTS)
        left[name] -= count
        if not left[name]:
            del left[name]


def before_culprits(
    rows: Mapping[str, Sequence[int]], stopped: Mapping[str, tuple[int, str]]
) -> dict[str, list[int]]:
    """The versions with a row, once each, of each stream up to where it stands; without those that have none."""
    ends = {name: version for name, (version, _) in stopped.items()}
    kept = {
        name: sorted({v for v in versions if v < ends.get(name, v + 1)})
        for name, versions in rows.items()
    }
    return {name: versions for name, versions in kept.items() if versions}


def modelled(
    events: dict[str, int], at: dict[tuple[str, int], str]
) -> tuple[dict[str, list[int]], dict[str, tuple[int, str]]]:
    """What is handled, and what is parked."""
    handled: dict[str, list[int]] = {}
    stopped: dict[str, tuple[int, str]] = {}
    for name, count in events.items():
        first = min((v for other, v in at if other == name), default=None)
        if first is not None:
            stopped[name] = first, BREAKS[at[name, first]][1]
        if good := list(range(1, first or count + 1)):
            handled[name] = good
    return handled, stopped


def take_turns(made: Subscription, chance: random.Random) -> int:
    """By three workers, each of which may be started anew before any turn; how many turns there were."""
    workers = [follower(made, seed=n) for n in range(3)]
    turns = 0
    while status_of("totals", SystemClock().now()).lag:
        which = chance.randrange(3)
        if chance.random() < 0.5:
            workers[which] = follower(made, seed=turns)
        with connection.cursor() as cursor:
            cursor.execute("SELECT partition_id FROM eventstore_checkpoint")
            partitions = [row[0] for row in cursor.fetchall()]
        for partition in partitions:
            turns += workers[which].turn(partition).worked
        assert turns < 1_000
    return turns


def test_a_parked_queue_with_several_culprits_is_gone_through_to_its_end(
    orders: Orders,
) -> None:
    orders.place("a", 6)
    orders.place("b", 1)
    handler = Breaking({("a", 2): "rollback", ("a", 4): "close", ("a", 5): "limit"})
    one = follower(of(handler, retries=(0, 0)))
    follow(one)
    assert parked() == {"a": (2, ENDED)}

    for mended, version, error in ((2, 4, ENDED), (4, 5, LATE)):
        del handler.at["a", mended]
        retry(one)
        assert parked() == {"a": (version, error)}
    del handler.at["a", 5]
    retry(one)

    assert (seen(), parked()) == ({"a": [1, 2, 3, 4, 5, 6], "b": [1]}, {})


def retry(one: Follower) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE eventstore_parkedstream SET attempts = 0, retry_at = now()"
        )
    follow(one)


def test_a_session_that_somebody_ends_is_no_events_fault(orders: Orders) -> None:
    ended: list[int] = []

    def handle(event: Published) -> None:
        write("totals", event)
        if not ended:
            ended.append(event.version)
            terminate()
            execute("SELECT 1")()

    orders.place("a", 3)
    one = follower(subscription(handle, retries=()))
    with pytest.raises(OperationalError) as caught:
        follow(one)
    assert is_lost(caught.value)
    follow(one)

    assert (seen(), parked()) == ({"a": [1, 2, 3]}, {})


def test_an_event_that_loses_one_session_after_the_other_is_parked(
    orders: Orders,
) -> None:
    def handle(event: Published) -> None:
        if event.stream_id == orders.stream("a") and event.version == 2:
            terminate()
        write("totals", event)

    orders.place("a", 3)
    orders.place("b")
    one = follower(subscription(handle, retries=()))
    raised = 0
    for _ in range(20):
        try:
            follow(one)
        except OperationalError:
            raised += 1

    assert raised in range(3, 8)
    assert (seen(), parked()) == ({"a": [1], "b": [1]}, {"a": (2, LOST)})


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (errors.IdleInTransactionSessionTimeout(), True),
        (errors.TransactionTimeout(), True),
        (errors.AdminShutdown(), True),
        (errors.CrashShutdown(), True),
        (errors.CannotConnectNow(), True),
        (errors.IdleSessionTimeout(), True),
        (errors.ConnectionFailure(), True),
        (OperationalFault("the server closed the connection"), True),
        (InterfaceFault("the connection is closed"), True),
        (errors.QueryCanceled(), False),
        (errors.LockNotAvailable(), False),
        (errors.DiskFull(), False),
        (InternalFault(), False),
        (errors.UniqueViolation(), False),
        (ValueError(), False),
    ],
)
def test_a_lost_session_is_known_by_its_sqlstate(
    error: Exception, *, lost: bool
) -> None:
    wrapped = InternalError()
    wrapped.__cause__ = error
    assert (is_lost(error), is_lost(wrapped)) == (lost, lost)


def test_a_connection_at_hand_says_itself_whether_it_is_lost() -> None:
    with connect() as own:
        assert not is_lost(errors.AdminShutdown(), own)
    assert is_lost(ValueError(), own)

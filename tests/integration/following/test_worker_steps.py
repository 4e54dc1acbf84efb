"""What a worker does step by step: its session, its looks at how it stands, its pauses, and who goes on where it ends."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.db import connection, connections

from eventstore import metrics
from eventstore.database import connect
from eventstore.errors import SubscriptionNotFound, SubscriptionSuperseded
from eventstore.subscriptions import Subscription, names
from eventstore.subscriptions.operating import Operating, Order
from eventstore.subscriptions.registering import register
from eventstore.subscriptions.worker import Worker
from tests.support.clocks import StillClock
from tests.support.following import Orders, Totals, follow, follower, subscription

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.subscriptions.follower import Follower

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

SUPERSEDED = SubscriptionSuperseded("totals", version=1, newest=2)


@dataclass
class Rounds:
    """A follower that does in each of its rounds what it is told; the last time it has all stop."""

    stop: threading.Event
    does: list[int | BaseException] = field(default_factory=list)
    subscription: Subscription = field(default_factory=lambda: subscription(Totals()))
    rounds: int = 0

    def round(self, _stopped: Callable[[], bool]) -> int:
        self.rounds += 1
        done = self.does.pop(0)
        if not self.does:
            self.stop.set()
        if isinstance(done, BaseException):
            raise done
        return done


class Steps:
    """A worker of one follower, by a clock that stands still."""

    def __init__(
        self, one: object, renewed: Callable[[Any], Any] = lambda _: None
    ) -> None:
        self.clock, self.stop = StillClock(), threading.Event()
        self.worker = Worker(
            [cast("Follower", one)], connect, self.clock, renewed=renewed
        )
        [self.state] = self.worker._states

    def go(self, *does: int | BaseException) -> Rounds:
        """These rounds, in this thread."""
        found = Rounds(self.stop, [*does])
        self.state.follower = cast("Follower", found)
        try:
            self.worker._follow(self.state, self.stop)
        finally:
            connections.close_all()
        return found


@pytest.fixture
def steps(orders: Orders) -> Steps:
    """Its subscription has rows."""
    return Steps(follower(subscription(Totals())))


def test_it_makes_the_rows_and_goes_round_until_it_is_told_to_stop(
    orders: Orders,
) -> None:
    steps = Steps(None)

    found = steps.go(1, 1, 1)

    assert (found.rounds, steps.state.error) == (3, None)
    with connection.cursor() as cursor:
        assert names.version_of(cursor, "totals") == 1


def test_what_passes_is_told_counted_and_tried_again(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waited() -> float:
        return float(metrics.FOLLOW_FAILURES.labels("totals", "wait")._value.get())

    pauses: list[float] = []
    monkeypatch.setattr(steps.worker, "_pause", lambda *given: pauses.append(given[2]))
    before = waited()

    found = steps.go(ValueError(), ValueError(), 1, ValueError(), 1)

    assert (found.rounds, steps.state.error) == (5, None)
    assert pauses == [0.2, 0.4, 0.2]  # a round that goes well ends the back-off
    assert waited() == before + 3


@pytest.mark.parametrize(
    "error", [SUPERSEDED, SubscriptionNotFound("totals", there_are=[])]
)
def test_what_is_for_good_ends_it_and_says_why(
    steps: Steps, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found = steps.go(1, error, 1)

    assert (found.rounds, steps.state.error) == (2, error.code)
    assert caplog.text.count("a subscription ends") == 1


def test_who_raises_to_end_the_process_is_told(
    steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt):
        steps.go(KeyboardInterrupt(), 1)

    assert steps.state.error == "KeyboardInterrupt"
    assert caplog.text.count("a subscription ends") == 1


def test_newer_code_of_the_same_process_goes_on(orders: Orders) -> None:
    newer = Rounds(threading.Event(), [1], subscription(Totals(), version=2))
    steps = Steps(follower(subscription(Totals())), lambda _: newer)
    newer.stop = steps.stop

    older = steps.go(SUPERSEDED, 1)

    assert (older.rounds, newer.rounds, steps.state.error) == (1, 1, None)


# ---- its session


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        [(found,)] = cursor.fetchall()
    return str(found)


def test_each_new_session_has_its_name_and_is_soon_found_dead(steps: Steps) -> None:
    for _ in range(2):
        steps.worker._see_to_session(steps.state)
        assert setting("application_name") == "eventstore follow totals"
        assert setting("client_connection_check_interval") == "2s"
        connection.close()


def test_a_session_that_is_known_is_left_alone(steps: Steps) -> None:
    steps.worker._see_to_session(steps.state)
    with connection.cursor() as cursor:
        cursor.execute("SET application_name = 'another'")

    steps.worker._see_to_session(steps.state)

    assert setting("application_name") == "another"
    connection.close()


@pytest.mark.parametrize("lost", [True, False])
def test_behind_a_lost_connection_a_call_ends_the_pause_and_else_the_stop(
    steps: Steps, *, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []
    wake, stop = steps.state.wake, steps.stop
    monkeypatch.setattr(wake, "wait", lambda _: waited.append("wake"))
    monkeypatch.setattr(stop, "wait", lambda _: waited.append("stop"))
    wake.set()
    connection.ensure_connection()
    if lost:
        connection.connection.close()

    steps.worker._pause(steps.state, stop, 9.0)

    assert waited == ["wake" if lost else "stop"]
    assert wake.is_set() is not lost
    assert connection.connection is None


def test_who_is_told_to_stop_does_not_wait_for_a_lost_connection(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps.state.wake, "wait", pytest.fail)
    connection.close()
    steps.stop.set()

    steps.worker._pause(steps.state, steps.stop, 9.0)


@pytest.mark.parametrize(
    ("worked", "stopped", "waits"), [(0, False, 1), (2, False, 0), (0, True, 0)]
)
def test_only_where_nothing_was_to_do_it_waits_for_a_call(
    steps: Steps,
    worked: int,
    waits: int,
    *,
    stopped: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if stopped:
        steps.stop.set()
    waited: list[float] = []
    monkeypatch.setattr(steps.state.wake, "wait", waited.append)
    steps.state.wake.set()
    steps.state.follower = cast("Follower", Rounds(threading.Event(), [worked]))

    steps.worker._round(steps.state, steps.stop)

    assert len(waited) == waits
    assert not steps.state.wake.is_set()
    assert setting("application_name") == "eventstore follow totals"
    connection.close()


# ---- how it stands


def test_a_look_shows_how_it_stands(steps: Steps, orders: Orders) -> None:
    orders.place("a")
    follow(steps.state.follower)
    orders.change("a")

    steps.worker._look(steps.state)

    assert float(metrics.FOLLOW_LAG.labels("totals")._value.get()) == 1
    assert steps.state.look_at == steps.clock.monotonic() + 1


@pytest.mark.parametrize(("ahead", "looks"), [(0, 0), (0.9, 0), (1.0, 1)])
def test_it_looks_once_a_second(
    steps: Steps, ahead: float, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.worker._look(steps.state)
    looked: list[object] = []
    monkeypatch.setattr(steps.worker, "_look", looked.append)
    steps.clock.ahead += ahead
    steps.state.follower = cast("Follower", Rounds(threading.Event(), [1]))

    steps.worker._round(steps.state, steps.stop)

    assert len(looked) == looks
    connection.close()


def test_partitions_that_have_come_get_their_checkpoints(steps: Steps) -> None:
    count = "SELECT count(*) FROM eventstore_checkpoint"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_checkpoint WHERE partition_id % 512 = 1")

        steps.worker._look(steps.state)

        cursor.execute(count)
        assert cursor.fetchone() == (3,)


def test_a_look_that_finds_another_version_says_so(steps: Steps) -> None:
    register(subscription(Totals(), version=2), steps.clock)

    with pytest.raises(SubscriptionSuperseded):
        steps.worker._look(steps.state)


def test_what_is_beyond_the_index_is_told_once_for_each_number(
    steps: Steps, orders: Orders, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> int:
        steps.worker._look(steps.state)
        count = caplog.text.count("is beyond the index")
        caplog.clear()
        return count

    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE eventstore_checkpoint SET "cursor" = 9 WHERE partition_id % 512 = 1'
        )
        first = told(), told()
        cursor.execute('UPDATE eventstore_checkpoint SET "cursor" = 0')
        second = told()
        cursor.execute('UPDATE eventstore_checkpoint SET "cursor" = 9')
        third = told()

    assert (first, second, third) == ((1, 0), 0, 1)


def test_who_begins_looks_at_once(steps: Steps) -> None:
    steps.worker._look(steps.state)
    assert steps.state.look_at > 0

    steps.worker._begin(steps.state)

    assert steps.state.look_at == 0


def test_rows_that_somebody_had_forgotten_are_not_made_anew(steps: Steps) -> None:
    steps.worker._begin(steps.state)
    Operating(steps.clock).forget("totals", Order(by="ann", reason="x"))

    with pytest.raises(SubscriptionNotFound):
        steps.worker._begin(steps.state)


# ---- the whole


def test_with_nobody_to_follow_it_stays_until_it_is_stopped(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, waited = threading.Event(), list[str]()
    monkeypatch.setattr(stop, "wait", lambda: waited.append("stop"))

    assert Worker([], connect, StillClock()).run(stop) == {}

    assert waited == ["stop"]
    assert "nothing to follow" in caplog.text


class Long:
    """A follower that is in the middle of a round until it is let go."""

    def __init__(self, stop: threading.Event) -> None:
        self.subscription = subscription(Totals())
        self.let_go = threading.Event()
        self._stop = stop

    def round(self, _stopped: Callable[[], bool]) -> int:
        self._stop.set()
        threading.Timer(0.2, self.let_go.set).start()
        self.let_go.wait()
        return 0


def test_it_ends_behind_the_round_that_is_under_way(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    one = Long(stop)
    worker = Worker([cast("Follower", one)], connect, StillClock())
    monkeypatch.setattr(worker.waker, "run", lambda _: None)

    assert worker.run(stop) == {}

    assert one.let_go.is_set()


def test_it_ends_when_none_is_left_and_says_of_each_why(orders: Orders) -> None:
    stop = threading.Event()
    ended = Rounds(threading.Event(), [SUPERSEDED])
    worker = Worker([cast("Follower", ended)], connect, StillClock())

    assert worker.run(stop) == {"totals": "subscription-superseded"}
    assert stop.is_set()
    assert "waker" not in {thread.name for thread in threading.enumerate()}

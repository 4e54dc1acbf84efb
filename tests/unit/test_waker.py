"""Who listens to the database says when he does not, and says anew that he lost it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
from structlog.testing import capture_logs

from eventstore.indexer.statements import FOLDED
from eventstore.subscriptions.waker import Waker

if TYPE_CHECKING:
    from collections.abc import Iterator


class Lost:
    """A connection that is lost as soon as it listens; the third one has the waker stop."""

    made = 0

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.number = Lost.made = Lost.made + 1

    def __enter__(self) -> Lost:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, statement: str) -> None:
        """Nothing."""

    def notifies(self, **_: object) -> Iterator[object]:
        """None."""
        if self.number == 3:
            self._stop.set()
            return iter(())
        raise psycopg.OperationalError


class Stop(threading.Event):
    """Remembers, of each pause, whether the waker said that it listens."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[bool] = []
        self.waker: Waker | None = None

    def wait(self, timeout: float | None = None) -> bool:
        """Without waiting."""
        del timeout
        assert self.waker is not None
        self.pauses.append(self.waker.listens.is_set())
        return False


def test_each_loss_is_told_and_in_the_pause_behind_it_nobody_listens() -> None:
    stop, wake = Stop(), threading.Event()
    Lost.made = 0
    connect: Any = lambda: Lost(stop)  # noqa: E731  (not a whole connection)
    stop.waker = Waker(connect, [wake])

    with capture_logs() as told:
        stop.waker.run(stop)

    assert stop.pauses == [False, False]
    assert [line["error"] for line in told] == ["OperationalError"] * 2
    assert wake.is_set()
    assert not stop.waker.listens.is_set()


class Told:
    """A connection that is told once, and notes what the waker asked of it and how it stood meanwhile."""

    def __init__(self, stop: threading.Event, wake: threading.Event) -> None:
        self._stop, self._wake = stop, wake
        self.statements: list[str] = []
        self.woken: list[bool] = []
        self.listened: list[bool] = []
        self.waker: Waker | None = None

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, statement: str) -> None:
        """Note it."""
        self.statements.append(statement)

    def notifies(self, **_: object) -> Iterator[object]:
        """One; behind it the waker is to stop."""
        assert self.waker is not None
        self.listened.append(self.waker.listens.is_set())
        self.woken.append(self._wake.is_set())
        self._wake.clear()
        yield object()
        self.woken.append(self._wake.is_set())
        self._stop.set()


def test_everybody_is_woken_as_it_begins_to_listen_and_whenever_it_is_told() -> None:
    stop, wake = threading.Event(), threading.Event()
    told = Told(stop, wake)
    connect: Any = lambda: told  # noqa: E731  (not a whole connection)
    told.waker = Waker(connect, [wake])

    told.waker.run(stop)

    assert told.statements == [
        "SET application_name = 'eventstore waker'",
        f"LISTEN {FOLDED}",
    ]
    assert (told.listened, told.woken) == ([True], [True, True])


def test_a_database_that_is_gone_for_long_is_told_once() -> None:
    stop = Stop()

    def connect() -> Any:
        if len(stop.pauses) == 3:
            stop.set()
        raise psycopg.OperationalError

    stop.waker = Waker(connect, [])

    with capture_logs() as told:
        stop.waker.run(stop)

    assert len(stop.pauses) == 4
    assert [line["action"] for line in told] == ["wakeups-lost"]

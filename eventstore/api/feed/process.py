"""What the followers of a process share: its hub, so many places to wait at, and so many turns at the database."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.db import connections

from eventstore.api.feed.hub import Hub
from eventstore.api.problems import TooManyFollowers
from eventstore.clock import SystemClock
from eventstore.conf import conf
from eventstore.database import connect
from eventstore.errors import DatabaseUnanswered
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Iterator

TURNS: Final = 4  # connections that the followers of a process have at a time
RETRY_AFTER_S: Final = 2
_PATIENCE_S: Final = 20.0  # for a turn


class Followers:
    """See above. places: how many may wait at a time; None: as many as are configured."""

    def __init__(
        self, hub: Hub, *, places: int | None = None, turns: int = TURNS
    ) -> None:
        self.hub = hub
        self._places = places
        self._turns = threading.BoundedSemaphore(turns)
        self._lock = threading.Lock()
        self.waiting = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """To wait at. Raises `TooManyFollowers`."""
        with self._lock:
            places = conf.FOLLOWERS if self._places is None else self._places
            if self.waiting >= places:
                msg = f"{places} followers wait here already."
                raise TooManyFollowers(msg, retry_after=RETRY_AFTER_S)
            self.waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self.waiting -= 1

    def turn(self) -> Turn:
        """A request's share of the database."""
        return Turn(self._turns)


class Turn:
    """Holds one of few turns from the first question to the database until it is given back, and then its connections too:
    who waits for events holds neither."""

    def __init__(self, turns: threading.BoundedSemaphore) -> None:
        self._turns = turns
        self._is_held = False

    def take(self) -> None:
        """Wait for it, if it is not held. Raises `DatabaseUnanswered`."""
        if self._is_held:
            return
        if not self._turns.acquire(timeout=_PATIENCE_S):
            msg = "too many followers ask the database at once"
            raise DatabaseUnanswered(msg)
        self._is_held = True

    def give_back(self) -> None:
        """And the thread's connections with it, but for one in a transaction of the caller's."""
        if not self._is_held:
            return
        try:
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close()
        finally:
            self._is_held = False
            self._turns.release()


class _Process:
    followers: Followers | None = None
    making = threading.Lock()


def followers() -> Followers:
    """Those of this process; a fork begins with its own."""
    with _Process.making:
        if _Process.followers is None:
            hub = Hub(get_event_store(), connect, SystemClock())
            _Process.followers = Followers(hub)
        return _Process.followers


def end() -> None:
    """All of them come to an end, and no other waits: the process is told to stop. Waits for nothing."""
    if _Process.followers is not None:
        _Process.followers.hub.end()


def close() -> bool:
    """The same, and wait for the hub; the next follower begins anew. False if that took too long."""
    with _Process.making:
        ended, _Process.followers = _Process.followers, None
    return ended is None or ended.hub.close()


_inherited: Final[list[object]] = []  # what a forked child must neither use nor close


def _begin_anew() -> None:
    _inherited.append(_Process.followers)
    _Process.followers, _Process.making = None, threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)

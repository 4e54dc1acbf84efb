"""What the followers of a process share: its hub, so many places to wait at, and so many turns at the database."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from eventstore.api.feed.hub import Hub
from eventstore.api.problems import TooManyFollowers
from eventstore.clock import SystemClock
from eventstore.conf import conf
from eventstore.database import connect
from eventstore.errors import DatabaseUnanswered
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.backends.base.base import BaseDatabaseWrapper

TURNS: Final = 4  # connections that the followers of a process have at a time
RETRY_AFTER_S: Final = 2
_PATIENCE_S: Final = 20.0  # for a turn
_TOKENS: Final = 10_000  # looks that are kept


class Followers:
    """See above. places: how many may wait at a time; None: as many as are configured."""

    def __init__(
        self, hub: Hub, *, places: int | None = None, turns: int = TURNS
    ) -> None:
        self.hub = hub
        self._places = places
        self._turns = Turns(turns)
        self._lock = threading.Lock()
        self.waiting = 0
        self.looks = Looks()

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

    def close(self) -> bool:
        """End all, and wait for it; False if that took too long."""
        ended = self.hub.close()
        self._turns.close()
        return ended

    def turn(self) -> Turn:
        """A request's share of the database."""
        return Turn(self._turns)


class Looks:
    """What was seen of tokens, and when that look began: followers of one token that are woken together look once."""

    def __init__(self) -> None:
        self._seen: dict[Any, tuple[float, Any]] = {}

    def since(self, token: Any, moment: float) -> tuple[bool, Any]:
        """Whether somebody has looked at this token after a moment, and what was seen."""
        began, seen = self._seen.get(token, (-1.0, None))
        return began >= moment, seen

    def note(self, token: Any, began: float, seen: Any) -> None:
        """Somebody has looked."""
        if len(self._seen) >= _TOKENS:
            self._seen.clear()
        self._seen[token] = began, seen


class Turns:
    """So many connections to each database, handed from one follower's thread to the next: to make one costs more than most that is asked.

    They are Django's, which belong to a thread; while nobody has a turn they lie here.
    """

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[dict[str, BaseDatabaseWrapper]] = []
        self._is_closed = False

    def take(self) -> None:
        """Raises `DatabaseUnanswered`."""
        if not self._free.acquire(timeout=_PATIENCE_S):
            msg = "too many followers ask the database at once"
            raise DatabaseUnanswered(msg)
        try:
            _take_up(self._one())
        except BaseException:
            self._free.release()
            raise

    def _one(self) -> Mapping[str, BaseDatabaseWrapper]:
        """None are connections, too: they are made when somebody asks."""
        try:
            return self._idle.pop()
        except IndexError:
            return {}

    def give_back(self) -> None:
        """But for a connection in a transaction of the caller's."""
        try:
            kept = _taken_from_this_thread()
            if self._is_closed:
                _close(kept)
            else:
                self._idle.append(kept)
        finally:
            self._free.release()

    def close(self) -> None:
        """Hang up; what is given back later, too."""
        self._is_closed = True
        idle, self._idle = self._idle, []
        for kept in idle:
            _close(kept)


def _take_up(given: Mapping[str, BaseDatabaseWrapper]) -> None:
    for alias, wrapper in given.items():
        if not connections[alias].in_atomic_block:
            connections[alias].close()
            connections[alias] = wrapper
            wrapper.close_if_unusable_or_obsolete()


def _taken_from_this_thread() -> dict[str, BaseDatabaseWrapper]:
    kept: dict[str, BaseDatabaseWrapper] = {}
    for wrapper in connections.all(initialized_only=True):
        if not wrapper.in_atomic_block and wrapper.connection is not None:
            if not wrapper.allow_thread_sharing:
                wrapper.inc_thread_sharing()
            kept[wrapper.alias] = wrapper
            del connections[wrapper.alias]
    return kept


def _close(kept: Mapping[str, BaseDatabaseWrapper]) -> None:
    for wrapper in kept.values():
        wrapper.close()


class Turn:
    """Holds one of few turns from the first question to the database until it is given back: who waits for events holds none."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._is_held = False

    def take(self) -> None:
        """Wait for it, if it is not held. Raises `DatabaseUnanswered`."""
        if not self._is_held:
            self._turns.take()
            self._is_held = True

    def give_back(self) -> None:
        """If it is held."""
        if self._is_held:
            self._is_held = False
            self._turns.give_back()


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
    return ended is None or ended.close()


_inherited: Final[list[object]] = []  # what a forked process must neither use nor close


def _begin_anew() -> None:
    _inherited.append(_Process.followers)
    _Process.followers, _Process.making = None, threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)

"""Puts the town into a store, through the front door; what stands there already is not doubled."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from zlib import crc32

from django.db import connections

from eventstore.privacy.configured import erasing, holding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
    from datetime import datetime

    from eventstore.events import AppendResult
    from eventstore.store import EventStore
    from teddy_es.demo.town import Town
    from teddy_es.synth.history import Draft

_ON_THEIR_WAY: Final = 200  # commits of a pile
_THREADS: Final = 8
_REQUEST: Final = "letter/2026-11"
_HOLD: Final = "hold/2026-3"


@dataclass(frozen=True, slots=True)
class Put:
    """How much there is of it now."""

    commits: int
    events: int


def put(
    store: EventStore,
    tell: Callable[[datetime], Town],
    now: datetime,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Put:
    """All of the town, as it is told from now, or from when it was begun.

    1. the commit that happened first: by its time, a later call tells the same town to the second
    2. the others; each has an id of its own, so that a second time changes nothing
    3. the hold     4. the erasure: behind everything that is said of the child
    Interrupted, the next call goes on. Raises what an append raises, and an erasure.
    """
    town = tell(begun(store, tell(now), now))
    progress = _Progress(on_progress)
    _put_pile(store, town.commits[:1], progress)  # 1
    _put_piles(store, town.commits[1:], progress)  # 2
    holding().place(  # 3
        town.kept,
        hold_id=_HOLD,
        scope="all",
        clause="court/7-2026",
        kind="litigation",
        requested_by=town.staff.protection,
    )
    erasing().erase(  # 4
        town.forgotten,
        request=_REQUEST,
        requested_by=town.staff.protection,
        approved_by=town.staff.officer,
    )
    return Put(len(town.commits), progress.events)


def begun(store: EventStore, town: Town, now: datetime) -> datetime:
    """From when the town is told in this store: from now, if nothing of it stands there."""
    first = town.commits[0]
    told = first.events[0].occurred_at
    for event in store.read(first.stream_id, 1, 1):
        if told is not None and event.metadata.event_id == first.events[0].event_id:
            return now + (event.metadata.timestamp - told)
    return now


class _Progress:
    """Counts what several threads have done."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._lock = Lock()
        self.events = 0

    def add(self, events: int) -> None:
        with self._lock:
            self.events += events
            self._tell(self.events)


def _put_piles(
    store: EventStore, commits: Iterable[Draft], progress: _Progress
) -> None:
    """Most of the time goes into making keys, of which several can be made at once."""
    piles: list[list[Draft]] = [[] for _ in range(_THREADS)]
    for draft in commits:
        piles[crc32(draft.stream_id.encode()) % _THREADS].append(draft)
    with ThreadPoolExecutor(_THREADS, "demo") as threads:
        going = [
            threads.submit(_put_and_hang_up, store, one, progress) for one in piles
        ]
        for one in going:
            one.result()


def _put_and_hang_up(
    store: EventStore, pile: Iterable[Draft], progress: _Progress
) -> None:
    try:
        _put_pile(store, pile, progress)
    finally:
        connections.close_all()  # this thread's


def _put_pile(store: EventStore, pile: Iterable[Draft], progress: _Progress) -> None:
    """A stream's commits are all in one pile, and each expects those before it: so the answers may wait."""
    waiting: deque[tuple[int, Future[AppendResult]]] = deque()

    def settle(most: int) -> None:
        while len(waiting) > most:
            events, future = waiting.popleft()
            future.result()
            progress.add(events)

    for draft in pile:
        future = store.submit(
            draft.stream_id, draft.events, draft.expected, commit_id=draft.commit_id
        )
        waiting.append((len(draft.events), future))
        settle(_ON_THEIR_WAY)
    settle(0)

"""What the log says is destroyed is destroyed in the key store, before anybody opens anything with it.

A key store that is put back from a backup has keys again that were destroyed since. It has its mark again, too: the cut of
the log up to which it had carried out what the log says. Both stand in one database, so that no backup has one without the
other. Whoever connects reads on from the mark, and destroys again what rose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from eventstore import metrics
from eventstore.database import and_hang_up
from eventstore.errors import CutBeyondEnd, EventStoreError, KeyStoreUnavailable
from eventstore.events import Cut, topic_of
from eventstore.lineage.fold import events_of
from eventstore.queries.told import streams_told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from eventstore.ports import Clock
    from eventstore.privacy.destroying import Destroying
    from eventstore.privacy.shelf import KeyShelf
    from eventstore.registry import Registry

logger = structlog.get_logger(__name__)

PATIENCE_S: Final = 2.0
"""How long a reader is kept waiting for it; what is left then is the next one's."""
PAGE: Final = 5_000


class Reader(Protocol):
    """What of a store is asked here."""

    def refuse_cut(self, after: Cut) -> None:
        """See `EventStore`."""

    def may_wait(self) -> bool:
        """See `EventStore`."""


@dataclass(slots=True)
class Replayed:
    """subjects: of whom the log had said something since the mark. risen: keys that had come back. is_all: to the log's end."""

    subjects: int = 0
    risen: int = 0
    unfinished: int = 0
    is_all: bool = True


class Replaying:
    """Reads on from the store's mark. Costs a look at each person of whom something was destroyed since then, however much else the log holds."""

    def __init__(
        self,
        store: Reader,
        destroying: Destroying,
        shelf: KeyShelf,
        types: Registry,
        clock: Clock,
        *,
        page: int = PAGE,
    ) -> None:
        self._store = store
        self._destroying = destroying
        self._shelf = shelf
        self._clock = clock
        self._topics, self._names = _told_by(types)
        self._page = page

    def refuse_undead(self, patience_s: float = PATIENCE_S) -> None:
        """Raise `KeyStoreUnavailable` while the store may have keys that the log says are gone. What can be done meanwhile is done."""
        try:
            replayed = self.run(patience_s=patience_s)
        except KeyStoreUnavailable:
            raise
        except EventStoreError as error:
            msg = f"what the log says is destroyed cannot be read ({error.code})"
            raise KeyStoreUnavailable(msg) from error
        if not replayed.is_all:
            msg = "what the log says is destroyed is being destroyed again"
            raise KeyStoreUnavailable(msg)

    def run(self, *, patience_s: float | None = None, finish: bool = False) -> Replayed:
        """Carry out what the log has said since the mark; move the mark.

        finish: also what is ordered and not at its end. Without it the mark stays before the first such order, so that who finishes finds it.
        """
        replayed, may_move = Replayed(), True
        until = None if patience_s is None else self._clock.monotonic() + patience_s
        cut = self._mark()
        while True:
            streams, reached = self._next(cut)
            for stream_id in streams:
                subject = stream_id.partition(".")[2]
                replayed.subjects += 1
                may_move &= self._carry_out(subject, replayed, finish=finish)
            if may_move and str(reached) != str(cut):
                self._shelf.move_mark(str(reached))
            if not streams:
                return replayed
            if until is not None and self._clock.monotonic() > until:
                replayed.is_all = False
                return replayed
            cut = reached

    def _mark(self) -> Cut:
        try:
            return Cut.parse(self._shelf.mark())
        except ValueError:
            return self._beginning()

    def _next(self, cut: Cut) -> tuple[Sequence[str], Cut]:
        try:
            self._store.refuse_cut(cut)
        except (CutBeyondEnd, ValueError):
            cut = self._beginning()
        return streams_told(cut, self._topics, self._names, self._page)

    def _beginning(self) -> Cut:
        """Where the mark is of another log, or the log has lost something: of this one it says nothing."""
        logger.warning(
            "the key store's mark is not of this log: all of it is read again",
            action="keys-mark-foreign",
        )
        return Cut()

    def _carry_out(self, subject: str, replayed: Replayed, *, finish: bool) -> bool:
        """Whether nothing of the subject is left to be finished."""
        lineage = self._destroying.lineage(subject)
        risen = self._destroying.carry_out(lineage)
        if risen:
            replayed.risen += len(risen)
            metrics.UNDEAD_KEYS.inc(len(risen))
            logger.warning(
                "keys that were destroyed had come back, and were destroyed again",
                action="undead-keys-destroyed",
                count=len(risen),
            )
            self._tell(subject, risen)
        is_open = bool(lineage.open_orders())
        if is_open and finish:
            self._destroying.finish(subject)
        elif is_open:
            replayed.unfinished += 1
        return finish or not is_open

    def _tell(self, subject: str, risen: set[UUID]) -> None:
        """Have the log know, and wait for it where that may be."""
        tell = partial(self._destroying.tell_risen, subject, risen)
        if self._store.may_wait():
            tell()
        else:
            Thread(target=_told_behind, args=(tell,), name="eventstore-undead").start()


def _told_behind(tell: Callable[[], None]) -> None:
    """Behind whoever may not wait for it. The keys are gone in any case; that they had come back is this process's word alone."""
    try:
        and_hang_up(tell)
    except EventStoreError as error:
        logger.warning(
            "the log was not told that keys had come back and were destroyed again",
            action="undead-keys-untold",
            cause=error.code,
        )


def _told_by(types: Registry) -> tuple[list[str], list[str]]:
    """The topic, and the names of the events, that say what has to be destroyed."""
    events = events_of(types)
    wanted = {events.ordered, events.destroyed, events.completed}
    names = [known.name for known in types.event_types() if known.struct in wanted]
    return [topic_of(events.stream_type)], names

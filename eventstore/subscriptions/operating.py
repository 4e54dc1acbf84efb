"""What people do to subscriptions: each in one transaction with the record of who did it, and why.

All of it holds the checkpoints concerned, so it waits for the turn that is under way and no turn sees half of it.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from eventstore.errors import StreamNotParked
from eventstore.events import Cut
from eventstore.indexer.statements import FOLDED
from eventstore.queries.connection import atomic, unchecked_cursor
from eventstore.queries.feed import marks
from eventstore.queries.subscriptions import status_of
from eventstore.queries.unseen import unseen
from eventstore.subscriptions import (
    checkpoint_rows,
    checkpoints,
    claims,
    names,
    parking,
    reporting,
)
from eventstore.subscriptions.configured import configured
from eventstore.subscriptions.registering import refuse_a_foreign_cut
from eventstore.subscriptions.subscription import Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.utils import CursorWrapper

    from eventstore.ports import Clock
    from eventstore.subscriptions.parking import ParkedAt

MAX_REASON: Final = 500

_PATIENCE: Final = "SELECT set_config('lock_timeout', %(ms)s, true)"
_RECORD: Final = """
INSERT INTO eventstore_subscriptionaction (subscription, action, stream_id, position, detail, reason, done_by, done_at)
VALUES (%(name)s, %(action)s, %(stream_id)s, %(position)s, %(detail)s, %(reason)s, %(by)s, %(now)s)
"""
_WAKE: Final = f"NOTIFY {FOLDED}"


class StillFollowed(ValueError):  # noqa: N818  (what is the case)
    """Code that follows under the name would make the checkpoint anew, and handle everything once more."""

    code = "subscription-followed"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is followed by this project's code; take it out of the settings first"
        )


@dataclass(frozen=True, slots=True)
class Order:
    """Who acts, and why: 1 to 500 characters. The store keeps both."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if not self.by.strip():
            msg = "Name who does this."
            raise ValueError(msg)
        if not 0 < len(self.reason.strip()) <= MAX_REASON or "\0" in self.reason:
            msg = f"Give a reason of 1 to {MAX_REASON} characters: the store keeps it."
            raise ValueError(msg)
        if hidden := unseen(self.by + self.reason, but="\n\t"):
            msg = f"It holds characters that nobody sees ({', '.join(dict.fromkeys(hidden))}): take them out."
            raise ValueError(msg)


class Operating:
    """What people may do to a subscription. Each raises `SubscriptionNotFound` if no subscription has that name."""

    def __init__(self, clock: Clock, *, patience_s: float = 0.0) -> None:
        """patience_s: how long a turn that is under way is waited for; 0: until it ends.

        Then everything raises Django's OperationalError, whose `condition_of` is `LOCKED`, and nothing was done.
        """
        self._clock = clock
        self._patience_s = patience_s

    def pause(self, name: str, order: Order) -> None:
        """When this returns, no worker handles anything until `resume`. Idempotent."""
        with self._holding(name) as cursor:
            checkpoint_rows.pause(cursor, name, paused=True)
            record(cursor, self._clock, name, "pause", order)

    def resume(self, name: str, order: Order) -> None:
        """Let workers go on where it was paused."""
        with self._holding(name) as cursor:
            checkpoint_rows.pause(cursor, name, paused=False)
            record(cursor, self._clock, name, "resume", order)

    def reset(self, name: str, start: Start | Cut, order: Order) -> None:
        """Let workers handle everything behind `start` again, or leave out what lies before it. Forgets parked streams.

        What the handler wrote is its own: empty its tables first. What it had handled is not `live` again. Raises ValueError
        for a cut of another store, or one that is not folded yet; `ProjectionNotReady` for a projection's, whose rows go
        with its checkpoint: it is built anew. ImproperlyConfigured, ImportError where nobody can tell whether it is one.
        """
        claims.ask(claims.Act.RESET, name)
        with self._holding(name) as cursor:
            starts = _starts(start)
            parking.forget(cursor, name)
            checkpoint_rows.reset(cursor, name, starts, self._clock.now())
            record(
                cursor,
                self._clock,
                name,
                "reset",
                order,
                detail=f"to {start or 'the beginning'}",
            )

    def replay(self, name: str, stream_id: str | None, order: Order) -> int:
        """Retry a parked stream at once, or all of them; how many those are. Raises `StreamNotParked`."""
        with self._holding(name) as cursor:
            detail = "all"
            if stream_id:
                detail = _told(parking.parked_at(cursor, name, stream_id))
            retried = parking.try_again(cursor, name, stream_id, self._clock.now())
            record(
                cursor,
                self._clock,
                name,
                "replay",
                order,
                stream_id=stream_id,
                detail=detail,
            )
        return retried

    def skip(
        self, name: str, stream_id: str, order: Order, *, version: int | None = None
    ) -> None:
        """Leave out for good the event on which the handler failed, and go on with the later ones of its stream.

        version: the version of that event in its stream; None for whichever it is. Raises `StreamNotParked`, also if
        the stream has come to another event meanwhile.
        """
        with self._holding(name) as cursor:
            parked = parking.parked_at(cursor, name, stream_id)
            if version not in {None, parked.version}:
                raise StreamNotParked(name, stream_id)
            parking.skip(cursor, name, stream_id, self._clock.now())
            checkpoint_rows.count_skipped(cursor, name, parked.partition_id)
            record(
                cursor,
                self._clock,
                name,
                "skip",
                order,
                stream_id=stream_id,
                position=parked.position,
                detail=_told(parked),
            )

    def forget(self, name: str, order: Order) -> None:
        """Remove a subscription that no worker runs any more; what people did to it is kept.

        Raises `StillFollowed` for one that this project's code runs, and what `reset` raises for a projection's.
        """
        claims.ask(claims.Act.FORGET, name)
        if name in configured():
            raise StillFollowed(name)
        with self._holding(name) as cursor:
            remove(cursor, name)
            record(cursor, self._clock, name, "forget", order)

    @contextmanager
    def _holding(self, name: str) -> Iterator[CursorWrapper]:
        """A transaction in which no turn of the subscription goes on; at its end all look whether there is something to do."""
        status_of(name, self._clock.now())
        with atomic(durable=True), unchecked_cursor() as cursor:
            cursor.execute(_PATIENCE, {"ms": str(math.ceil(self._patience_s * 1_000))})
            checkpoints.hold_all(cursor, name)
            yield cursor
            wake(cursor)


def remove(cursor: CursorWrapper, name: str) -> None:
    """The rows of a subscription whose checkpoints this transaction holds; what people did to it is kept."""
    parking.forget(cursor, name)
    checkpoint_rows.forget(cursor, name)
    names.forget(cursor, name)


def wake(cursor: CursorWrapper) -> None:
    """Have all followers look when this transaction is committed."""
    cursor.execute(_WAKE)


def record(
    cursor: CursorWrapper,
    clock: Clock,
    name: str,
    action: str,
    order: Order,
    *,
    stream_id: str | None = None,
    position: int | None = None,
    detail: str = "",
) -> None:
    """Write down in this transaction what somebody had a subscription do; it is counted and told when it is committed."""
    parameters: dict[str, Any] = {
        "name": name,
        "action": action,
        "stream_id": stream_id,
        "position": position,
        "detail": detail,
        "reason": order.reason.strip(),
        "by": order.by,
        "now": clock.now(),
    }
    cursor.execute(_RECORD, parameters)
    transaction.on_commit(partial(reporting.acted, name, action, stream_id=stream_id))


def _starts(start: Start | Cut) -> dict[int, int]:
    known = marks()
    if start is Start.NOW:
        return {mark.id: mark.cursor for mark in known.values()}
    cut = start if isinstance(start, Cut) else Cut()
    refuse_a_foreign_cut(cut, known)
    return {mark.id: cut.offsets.get(place, 0) for place, mark in known.items()}


def _told(parked: ParkedAt) -> str:
    return f"version {parked.version}, {parked.event_type}: {parked.error}"

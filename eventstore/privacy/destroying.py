"""How keys are destroyed: ordered in the log, carried out in the key store, told to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from eventstore.errors import (
    AlreadyErased,
    CommitIdReused,
)
from eventstore.events import Expected
from eventstore.lineage.fold import ERASURE, RETENTION, UNDEAD
from eventstore.lineage.ids import commit_of_completed, commit_of_destroyed
from eventstore.lineage.recording import record_minted
from eventstore.ports import KeyName
from eventstore.privacy.deciding import under
from eventstore.privacy.refusals import refuse_held, refuse_unreadable
from eventstore.privacy.shelf import End

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eventstore.keys.rows import KeyRow
    from eventstore.lineage.fold import Key, Lineage, Order
    from eventstore.ports import Clock
    from eventstore.privacy.deciding import Deciding
    from eventstore.privacy.shelf import KeyShelf

UNTOLD: Final = 10_000
"""Keys whose end is told at a time."""

SEALED_EVENTS: Final = "sealed-events"
"""Under this name what reaches the places counts the events that can no longer be opened."""


class Destroying:
    """Keys are destroyed in this order, whoever asks, and however often it is killed on the way:

    1. the order stands in the log, decided at the version of the subject's stream at which no hold stood against it
    2. the key store destroys, durably: from here on nobody opens anything, but for what is cached for at most a minute
    3. every place that holds something of the subject is reached, and counted
    4. the log is told of each key's end, and 5. of an erasure: that it is done

    What is killed on the way leaves an order without its end; `finish` goes through all steps again, each of which may be
    repeated. Two that do so at once end in the same state: ids of commits are derived of what they tell.
    """

    def __init__(
        self,
        deciding: Deciding,
        shelf: KeyShelf,
        clock: Clock,
        reach: Callable[[str, Sequence[UUID]], Mapping[str, int]],
    ) -> None:
        self._deciding = deciding
        self._store, self._events = deciding.store, deciding.events
        self._shelf = shelf
        self._clock = clock
        self._reach = reach

    def lineage(self, subject: str) -> Lineage:
        """The subject's, as the log has it now."""
        return self._deciding.lineage(subject)

    # ---- 1: ordering

    def order_erasure(
        self, subject: str, *, request: str, requested_by: str, approved_by: str
    ) -> Lineage:
        """Order it, unless it is ordered under this request already. Raises `UnderHold`, `AlreadyErased`, `LineageUnreadable`."""
        said = self._events.ordered(
            why=ERASURE,
            request=request,
            requested_by=requested_by,
            approved_by=approved_by,
        )

        def decide(lineage: Lineage) -> bool:
            erased = lineage.erased
            if erased is not None:
                if erased.request != request:
                    raise AlreadyErased(erased.request)
                return False
            refuse_unreadable(lineage)
            refuse_held(lineage)
            return True

        return self._deciding.decided(subject, said, decide, request=request)

    def order_expiry(self, subject: str, keys: Mapping[UUID, str]) -> Lineage:
        """Order the end of keys whose time is over. keys: id → month. Raises `UnderHold`, `LineageUnreadable`."""
        said = self._events.ordered(why=RETENTION, keys=sorted(map(str, keys)))

        def decide(lineage: Lineage) -> bool:
            if lineage.erased is not None or any(
                one.keys is not None and one.keys >= keys.keys()
                for one in lineage.orders
            ):
                return False
            refuse_unreadable(lineage)
            refuse_held(lineage, set(keys.values()))
            return True

        return self._deciding.decided(subject, said, decide)

    # ---- 2 to 5: carrying out

    def finish(self, subject: str) -> Lineage:
        """Carry out what is ordered and not at its end, and tell what was not told. Nothing to do is no error."""
        lineage = self.lineage(subject)
        self.tell_risen(subject, self.carry_out(lineage))  # 2
        for order in lineage.open_orders():
            self._reach_and_tell(lineage, order)
        self._tell_untold(lineage)
        return self.lineage(subject)

    def carry_out(self, lineage: Lineage) -> set[UUID]:
        """Step 2 alone, of all that the log says of the subject: what is ordered or gone lives no longer.

        Which of the keys lived though the log had said that they were gone: first of all, so that nobody takes them for untold.
        """
        subject, at = lineage.subject, self._clock.now()
        erased, risen = lineage.erased, set[UUID]()
        if gone := _ends(lineage, told=True):
            risen = self._shelf.destroy(subject, gone, at=at)
        if erased is not None:
            self._shelf.erase(subject, request=erased.request, at=at)
        if ordered := _ends(lineage, told=False):
            self._shelf.destroy(subject, ordered, at=at)
        return risen

    def tell_risen(self, subject: str, ids: set[UUID]) -> None:
        """Have the log know that keys had come back and were destroyed again. Only who destroyed them knows of them."""
        for id_ in sorted(ids):
            said = self._events.destroyed(key_id=str(id_), why=UNDEAD)
            self._tell(subject, said, uuid4())

    def _reach_and_tell(self, lineage: Lineage, order: Order) -> None:
        subject = lineage.subject
        rows = self._shelf.rows(subject)
        ids = order.keys
        if ids is None:
            ids = frozenset({row.id for row in rows} | lineage.keys.keys())
        ids -= _ended_otherwise(lineage, order)
        found = dict(self._reach(subject, sorted(ids)))  # 3
        self._tell_minted(lineage, [row for row in rows if row.id in ids])
        for id_ in sorted(ids - _ended(lineage)):  # 4
            said = self._events.destroyed(
                key_id=str(id_), why=order.why, request=order.request
            )
            self._tell(subject, said, commit_of_destroyed(id_))
        self._shelf.told(ids)
        if order.keys is None:
            self._complete(subject, order, len(ids), found)  # 5

    def _complete(
        self, subject: str, order: Order, keys: int, found: dict[str, int]
    ) -> None:
        said = self._events.completed(
            request=order.request,
            keys=keys,
            events=found.pop(SEALED_EVENTS, 0),
            requested_by=order.requested_by,
            approved_by=order.approved_by,
            found=found or None,
        )
        self._tell(subject, said, commit_of_completed(subject, order.request or ""))

    def _tell_untold(self, lineage: Lineage) -> None:
        """Have the log know of ends that only the key store knows: who destroyed them was killed before it told."""
        rows = self._shelf.untold(limit=UNTOLD, subject=lineage.subject)
        self._tell_minted(lineage, rows)
        for row in rows:
            said = self._events.destroyed(
                key_id=str(row.id), why=row.why or RETENTION, request=row.request
            )
            self._tell(lineage.subject, said, commit_of_destroyed(row.id))
        self._shelf.told([row.id for row in rows])

    def _tell_minted(self, lineage: Lineage, rows: Sequence[KeyRow]) -> None:
        """So that the log counts as many beginnings as ends: who minted it was killed, or is about to tell."""
        untold = [row.minted for row in rows if row.id not in lineage.keys]
        record_minted(self._store, self._events, untold)

    def _tell(self, subject: str, said: Any, commit_id: UUID) -> None:
        stream_id = self._events.stream_of(subject)
        try:
            new = [under(said, said.request)]
            self._store.append(stream_id, new, Expected.ANY, commit_id=commit_id)
        except CommitIdReused:
            # Somebody else has told it, in other words: it counted otherwise, or had another reason. The first word stays.
            return


def _ends(lineage: Lineage, *, told: bool) -> list[End]:
    """The ends of the keys that the log calls destroyed; or, told=False, of those that it has only ordered to be."""
    if told:
        return [
            _end(lineage, key, gone.why, gone.request, told=True)
            for key in lineage.keys.values()
            if (gone := key.destroyed) is not None
        ]
    return [
        _end(lineage, key, order.why, order.request, told=False)
        for order in lineage.open_orders()
        for key in lineage.alive
        if order.keys is None or key.id in order.keys
    ]


def _end(
    lineage: Lineage, key: Key, why: str, request: str | None, *, told: bool
) -> End:
    name = KeyName(lineage.subject, key.retention_class, key.month)
    return End(key.id, name, why, request, told)


def _ended(lineage: Lineage) -> set[UUID]:
    return {key.id for key in lineage.keys.values() if key.destroyed is not None}


def _ended_otherwise(lineage: Lineage, order: Order) -> set[UUID]:
    """Keys that were gone before, for another reason: they are none of what this order has destroyed."""
    return {
        key.id
        for key in lineage.keys.values()
        if (gone := key.destroyed) is not None
        and (gone.why, gone.request) != (order.why, order.request)
    }

"""Legal holds: what they keep may not be destroyed, by an erasure or by time, until two people have lifted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from eventstore.errors import (
    HoldNotFound,
    HoldNotLiftable,
    HoldRefused,
)
from eventstore.lineage.fold import ALL
from eventstore.privacy.refusals import refuse_one_person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from eventstore.lineage.fold import Hold, Lineage
    from eventstore.ports import Clock
    from eventstore.privacy.deciding import Deciding

KINDS: Final = ("statutory", "law_enforcement", "litigation", "internal")

Scope = Literal["all"] | list[str]


class Holding:
    """Places and lifts holds. The log decides between a hold and an order to destroy: whoever comes second is refused."""

    def __init__(self, deciding: Deciding, clock: Clock) -> None:
        self._deciding = deciding
        self._clock = clock

    def holds(self, subject: str) -> Sequence[Hold]:
        """Those that bind, in the order of their ids."""
        found = self._deciding.lineage(subject).holds
        return [found[id_] for id_ in sorted(found)]

    def place(
        self,
        subject: str,
        *,
        hold_id: str,
        scope: Scope,
        clause: str,
        kind: str,
        requested_by: str,
        floor: date | None = None,
    ) -> Hold:
        """Place it; again, in the same words, changes nothing. One person is enough: it only keeps.

        Raises `HoldRefused` for a subject that is erased, and for an id that another hold of the subject has or had.
        """
        _refuse_kind(kind)
        scope = "all" if scope == ALL else sorted(set(scope))
        said = self._deciding.events.placed(
            hold_id=hold_id,
            scope=scope,
            clause=clause,
            kind=kind,
            floor=floor,
            requested_by=requested_by,
        )

        def decide(lineage: Lineage) -> bool:
            known = lineage.holds.get(hold_id)
            if known is not None and _says(known, scope, clause, kind, floor):
                return False
            _refuse(lineage, hold_id)
            return True

        return self._deciding.decided(subject, said, decide).holds[hold_id]

    def lift(
        self, subject: str, *, hold_id: str, requested_by: str, approved_by: str
    ) -> None:
        """Lift it. Raises `SecondPersonMissing`, `HoldNotFound`, `HoldNotLiftable` before its floor; lifted before is no error."""
        refuse_one_person(requested_by, approved_by)
        lineage = self._deciding.lineage(subject)
        if hold_id in lineage.lifted and hold_id not in lineage.holds:
            return
        hold = lineage.holds.get(hold_id)
        if hold is None:
            raise HoldNotFound(hold_id)
        if hold.floor is not None and self._clock.now().date() < hold.floor:
            raise HoldNotLiftable(hold_id, str(hold.floor))
        said = self._deciding.events.lifted(
            hold_id=hold_id,
            scope=sorted(hold.months) or ALL,
            clause=hold.clauses[0],
            kind=hold.kind,
            floor=hold.floor,
            requested_by=requested_by,
            approved_by=approved_by,
        )

        def decide(lineage: Lineage) -> bool:
            """As it was looked at: somebody may have placed it anew, with a later floor."""
            return lineage.holds.get(hold_id) == hold

        if hold_id in self._deciding.decided(subject, said, decide).holds:
            msg = f"hold {hold_id} changed while it was lifted"
            raise HoldRefused(msg)


def _refuse_kind(kind: str) -> None:
    if kind not in KINDS:
        msg = f"its kind is none of {', '.join(KINDS)}"
        raise HoldRefused(msg)


def _refuse(lineage: Lineage, hold_id: str) -> None:
    if hold_id in lineage.holds or hold_id in lineage.lifted:
        msg = f"hold {hold_id} is another hold of this subject: take another id"
        raise HoldRefused(msg)
    if lineage.erased is not None:
        msg = f"the subject is erased under request {lineage.erased.request}"
        raise HoldRefused(msg)


def _says(hold: Hold, scope: Scope, clause: str, kind: str, floor: date | None) -> bool:
    months = frozenset() if scope == ALL else frozenset(scope)
    said = months, (clause,), kind, floor
    return (hold.months, hold.clauses, hold.kind, hold.floor) == said

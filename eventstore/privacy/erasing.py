"""An erasure as people ask for it: looked at first, ordered by one and approved by another, done, reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.privacy.refusals import described, refuse_one_person

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from uuid import UUID

    from eventstore.lineage.fold import Erasure, Lineage
    from eventstore.privacy.destroying import Destroying
    from eventstore.privacy.reaching import Report
    from eventstore.privacy.shelf import KeyShelf


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do now. holds: what stands against it. erased_under: the request, where it was ordered before."""

    keys: int
    report: Report
    holds: Sequence[str]
    unreadable: int
    is_ordered: bool
    erased_under: str | None


class Erasing:
    """look: finds and counts what exists where."""

    def __init__(
        self,
        destroying: Destroying,
        shelf: KeyShelf,
        look: Callable[[str, Collection[UUID]], Report],
    ) -> None:
        self._destroying = destroying
        self._shelf = shelf
        self._look = look

    def plan(self, subject: str) -> Plan:
        """Look, and change nothing. Raises `InvalidStreamId` for what can be no subject."""
        lineage = self._destroying.lineage(subject)
        keys = {row.id for row in self._shelf.rows(subject) if not row.destroyed_at}
        keys |= {key.id for key in lineage.alive}
        erased = lineage.erased
        return Plan(
            keys=len(keys),
            report=self._look(subject, keys),
            holds=[described(hold) for hold in lineage.held()],
            unreadable=lineage.unreadable,
            is_ordered=erased is not None,
            erased_under=None if erased is None else erased.request,
        )

    def erase(
        self, subject: str, *, request: str, requested_by: str, approved_by: str
    ) -> tuple[Erasure, Lineage]:
        """Do it; again under the same request, finish it or find it done.

        Raises `SecondPersonMissing`, `UnderHold`, `AlreadyErased`, `LineageUnreadable`; `KeyStoreUnavailable` and what
        an append raises: then it is ordered, or it is not, and the same call goes on.
        """
        refuse_one_person(requested_by, approved_by)
        self._destroying.order_erasure(
            subject, request=request, requested_by=requested_by, approved_by=approved_by
        )
        lineage = self._destroying.finish(subject)
        return lineage.erasures[0], lineage

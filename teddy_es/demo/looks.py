"""Who of the staff looked at whose data, and what for: the ledger as it would be, had they worked here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from teddy_es.demo.scribe import Told
from teddy_es.domain.access import DataAccessed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from teddy_es.demo.cases import Case
    from teddy_es.demo.scribe import Scribe
    from teddy_es.demo.staff import Staff

_MINUTE: Final = timedelta(minutes=1)


class Looks:
    """Collects looks, for each of the staff."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._of: dict[str, list[tuple[datetime, DataAccessed]]] = {}

    @property
    def actors(self) -> Sequence[str]:
        """Who looked at all."""
        return sorted(self._of)

    def add(self, actor: str, at: datetime, **said: Any) -> None:
        """Somebody looked; said: the other fields of the event."""
        looked = DataAccessed(actor=actor, actor_kind="officer", **said)
        self._of.setdefault(actor, []).append((at, looked))

    def at_case(
        self, case: Case, child_id: str, talk: str, violation_id: str, now: datetime
    ) -> None:
        """What is read before something is done about a violation, and by whom. talk: what is opened, as a reveal names it."""
        if case.ending == "new":
            return
        began, step = case.detected_at(now), case.waited * 0.25
        who = case.officer(self._staff)
        read = {
            "purpose": "safety_review",
            "subjects": [child_id],
            "reference": violation_id,
        }
        self.add(who, began + step, kind="view", object=f"child.{child_id}", **read)
        if case.ending == "seen":
            return
        opened = {"kind": "reveal", "object": talk}
        self.add(who, began + step * 1.2, **opened, **read)
        if not case.is_open:
            self.add(self._staff.reviewer, began + step * 3, **opened, **read)

    def now_and_then(
        self, rng: Random, child_ids: Sequence[str], now: datetime
    ) -> None:
        """Lists of a morning, a parent's question, an auditor's sample, a regulator's export."""
        officer = self._staff.officer
        for day in range(1, 29):
            at = now - timedelta(days=day) + rng.randint(-90, 90) * _MINUTE
            some = sorted(rng.sample(child_ids, min(25, len(child_ids))))
            of_all = {"kind": "list", "object": "children", "subjects": some}
            self.add(officer, at, purpose="safety_review", **of_all)
            one = rng.choice(child_ids)
            asked = {"purpose": "parent_request", "reference": f"call/{day}"}
            self.add(officer, at + 7 * _MINUTE, **_view(one), **asked)
            if day % 7 == 0:
                self._sample(rng, child_ids, at)

    def _sample(self, rng: Random, child_ids: Sequence[str], at: datetime) -> None:
        few = rng.sample(child_ids, min(5, len(child_ids)))
        for nth, one in enumerate(few):
            when = at + nth * 3 * _MINUTE
            self.add(self._staff.auditor, when, purpose="quality_sample", **_view(one))
        self.add(
            self._staff.protection,
            at + 40 * _MINUTE,
            kind="export",
            purpose="regulator",
            subjects=sorted(few[:2]),
            object="events",
            reference="letter/2026-17",
        )

    def tell(self, actor: str, scribe: Scribe) -> None:
        """Write one person's down, in a stream of their own."""
        scribe.tell_each(
            Told(looked, at, f"look/{nth}")
            for nth, (at, looked) in enumerate(self._of[actor])
        )


def _view(child_id: str) -> dict[str, Any]:
    return {"kind": "view", "object": f"child.{child_id}", "subjects": [child_id]}

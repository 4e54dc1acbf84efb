"""Who of the staff looked at whose data, and what for: the ledger as it would be, had they worked here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from teddy_es.demo.scribe import Told
from teddy_es.domain.access import DataAccessed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from teddy_es.demo.cases import Case
    from teddy_es.demo.scribe import Scribe
    from teddy_es.demo.staff import Staff
    from teddy_es.domain.access import Kind, Purpose

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

    def add(
        self,
        actor: str,
        at: datetime,
        kind: Kind,
        purpose: Purpose,
        subjects: Sequence[str],
        *,
        object: str,  # noqa: A002  (as the event's field is called)
        reference: str | None = None,
    ) -> None:
        """Somebody looked."""
        looked = DataAccessed(
            actor=actor,
            actor_kind="officer",
            kind=kind,
            purpose=purpose,
            subjects=sorted(subjects),
            object=object,
            reference=reference,
        )
        self._of.setdefault(actor, []).append((at, looked))

    def at_case(
        self, case: Case, child_id: str, talk_id: str, violation_id: str, now: datetime
    ) -> None:
        """What is read before something is done about a violation, and by whom."""
        if case.ending == "new":
            return
        began, step = case.detected_at(now), case.waited * 0.25
        who = case.officer(self._staff)
        read = ("safety_review", [child_id])
        kept = {"reference": violation_id}
        self.add(who, began + step, "view", *read, object=f"child.{child_id}", **kept)
        if case.ending == "seen":
            return
        talk = f"conversation.{talk_id}"
        self.add(who, began + step * 1.2, "reveal", *read, object=talk, **kept)
        if not case.is_open:
            at = began + step * 3
            self.add(self._staff.reviewer, at, "reveal", *read, object=talk, **kept)

    def now_and_then(
        self, rng: Random, child_ids: Sequence[str], now: datetime
    ) -> None:
        """Lists of a morning, a parent's question, an auditor's sample, a regulator's export."""
        officer = self._staff.officer
        for day in range(1, 29):
            at = now - timedelta(days=day) + rng.randint(-90, 90) * _MINUTE
            some = rng.sample(child_ids, min(25, len(child_ids)))
            self.add(officer, at, "list", "safety_review", some, object="children")
            one = rng.choice(child_ids)
            asked = f"call/{day}"
            view = ("view", "parent_request", [one])
            at += 7 * _MINUTE
            self.add(officer, at, *view, object=f"child.{one}", reference=asked)
            if day % 7 == 0:
                self._sample(rng, child_ids, at)

    def _sample(self, rng: Random, child_ids: Sequence[str], at: datetime) -> None:
        few = rng.sample(child_ids, min(5, len(child_ids)))
        for nth, one in enumerate(few):
            view = ("view", "quality_sample", [one])
            self.add(
                self._staff.auditor,
                at + nth * 3 * _MINUTE,
                *view,
                object=f"child.{one}",
            )
        export = ("export", "regulator", few[:2])
        kept = {"object": "events", "reference": "letter/2026-17"}
        self.add(self._staff.protection, at + 40 * _MINUTE, *export, **kept)

    def tell(self, actor: str, scribe: Scribe) -> None:
        """Write one person's down, in a stream of their own."""
        scribe.tell_each(
            Told(looked, at, f"look/{nth}")
            for nth, (at, looked) in enumerate(self._of[actor])
        )

"""What a page of the axis shows beside its facts: of conversations how long they were, of a day who looked how often, of what two persons closed the second."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from audit.approvals.answers import answers_of
from audit.people.models import Lane
from eventstore.queries.connection import unchecked_rows
from teddy_es.domain.approval import approval_of, object_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.approvals.answers import Answer
    from audit.children.axis import FactRow

# Index: the key.
_TALKS: Final = """
SELECT conversation_id, started_occurred_at, ended_occurred_at, messages, cardinality(unscreened), names_others
  FROM people_conversation WHERE conversation_id = ANY(%(ids)s)
"""
# Index: people_access_kind, a stretch of it for each day.
_LOOKS: Final = """
SELECT day.starts, looked.kind, looked.number, looked.people
  FROM unnest(%(days)s::timestamptz[]) day(starts) CROSS JOIN LATERAL (
       SELECT kind, count(*) AS number, count(DISTINCT actor) AS people FROM people_access
        WHERE subject = %(child)s AND actor_kind = 'officer'
          AND recorded_at >= day.starts AND recorded_at < day.starts + interval '1 day' AND kind <> 'export'
        GROUP BY kind) looked
"""
_WAYS: Final = {"reveal": "revealed", "view": "looked at", "list": "seen in a list"}
_ORDER: Final = tuple(_WAYS)
CLOSED: Final = "SafetyViolationResolved"


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, collapsed. unscreened: messages that no safety filter has judged."""

    started_at: datetime | None
    ended_at: datetime | None
    messages: int
    unscreened: int
    names_others: bool

    @property
    def seconds(self) -> float | None:
        """How long it was; None while it is not over, or nobody said when it began."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at) / timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Looks:
    """Staff looked so often in one way. people: how many different ones."""

    kind: str
    number: int
    people: int

    @property
    def words(self) -> str:
        """In which way."""
        return _WAYS.get(self.kind, self.kind)


def talks_of(facts: Sequence[FactRow]) -> Mapping[str, Talk]:
    """By the conversation's id; one that the read model does not have yet is left out."""
    ids = [fact.conversation_id for fact in facts if fact.conversation_id is not None]
    rows = unchecked_rows(_TALKS, {"ids": ids}) if ids else ()
    return {id_: Talk(*rest) for id_, *rest in rows}


def looks_of(child_id: str, facts: Sequence[FactRow]) -> Mapping[datetime, list[Looks]]:
    """By the day's beginning: what was opened first, then what was looked at."""
    days = [fact.recorded_at for fact in facts if fact.lane == Lane.VIEW.value]
    found: dict[datetime, list[Looks]] = defaultdict(list)
    given = {"child": child_id, "days": days}
    for day, *rest in unchecked_rows(_LOOKS, given) if days else ():
        found[day].append(Looks(*rest))
    for looks in found.values():
        looks.sort(key=lambda one: _ORDER.index(one.kind))
    return found


def agreed_to(child_id: str, facts: Sequence[FactRow]) -> Mapping[int, Answer]:
    """Who agreed to what was closed, by the closing's version: the newest answer before it. Where one person decided there is none."""
    closed = [fact for fact in facts if fact.kind == CLOSED]
    asked = {fact.version: _request_of(child_id, fact) for fact in closed}
    answers = answers_of(set(asked.values()))
    found = {}
    for version, request in asked.items():
        agreed = [
            one
            for one in answers.get(request, ())
            if one.decision == "approved" and (one.about or version) < version
        ]
        if agreed:
            found[version] = agreed[-1]
    return found


def _request_of(child_id: str, fact: FactRow) -> str:
    named = object_of(child_id, str(fact.about.get("violation_id")))
    return approval_of("close_violation", named)

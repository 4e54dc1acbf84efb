"""What stands above every page of a child: whether there is one, where its axis begins and ends, what binds or took its data; and up to when that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from audit.children.as_of import state
from audit.children.axis import all_facts
from audit.children.cuts import Upto
from audit.people.facts import Facts
from audit.people.models import Lane
from eventstore.conf import registry
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.unhandled import handled_up_to, unhandled_among
from teddy_es.domain.fields import is_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from audit.children.as_of import Value
    from audit.children.axis import FactRow

OF_A_CHILD: Final = (
    Lane.CHANGE.value,
    Lane.CONSENT.value,
    Lane.VIOLATION.value,
    Lane.CONVERSATION.value,
)
"""Lines of which one fact says that there is such a child. A look or a hold alone says only that somebody wrote its id."""
_FOLLOWED: Final = ("child", "conversation", "parent", "privacy")
"""Whose streams tell of a child. Looks are told by every page that anybody opens: with them no page would ever be whole."""
_BESIDE: Final = (("violations", "child"), ("conversations", "conversation"))
"""Who else writes what stands on the axis' page: how many violations are open, how long a conversation was and what of it is judged."""

# Indexes: the keys; people_violation_waiting; of each line of the axis one step of people_fact_happened and one of people_fact_recorded.
_HEAD: Final = """
SELECT c.child_id IS NOT NULL, c.parent_id, c.language, c.registered_at,
       (SELECT count(*) FROM people_violation v WHERE v.child_id = asked.id AND NOT v.state = 'resolved'),
       ends.begins, ends.until, ends.recorded, ends.there
  FROM (VALUES (%(child)s::text)) asked(id)
  LEFT JOIN people_child c ON c.child_id = asked.id
 CROSS JOIN LATERAL (
       SELECT min(first.at) AS begins, max(last.at) AS until, max(newest.at) AS recorded,
              coalesce(bool_or(first.at IS NOT NULL AND of_it.name = ANY(%(own)s::text[])), false) AS there
         FROM unnest(%(lanes)s::text[]) of_it(name)
         LEFT JOIN LATERAL (SELECT occurred_at AS at FROM people_fact WHERE child_id = asked.id AND lane = of_it.name
                             ORDER BY occurred_at, position LIMIT 1) first ON true
         LEFT JOIN LATERAL (SELECT occurred_at AS at FROM people_fact WHERE child_id = asked.id AND lane = of_it.name
                             ORDER BY occurred_at DESC, position DESC LIMIT 1) last ON true
         LEFT JOIN LATERAL (SELECT recorded_at AS at FROM people_fact WHERE child_id = asked.id AND lane = of_it.name
                             ORDER BY recorded_at DESC, position DESC LIMIT 1) newest ON true) ends
"""


@dataclass(frozen=True, slots=True)
class Head:
    """A child. begins, until, recorded: its first and last fact by when it happened, and the last by when it was recorded."""

    child_id: str
    is_registered: bool
    parent_id: str | None
    language: str | None
    registered_at: datetime | None
    open_violations: int
    begins: datetime | None
    until: datetime | None
    recorded: datetime | None


def head_of(child_id: str) -> Head | None:
    """None where nothing says that there is such a child."""
    if not is_id(child_id):
        return None
    given = {
        "child": child_id,
        "own": list(OF_A_CHILD),
        "lanes": [lane.value for lane in Lane],
    }
    [row] = unchecked_rows(_HEAD, given)
    listed, parent_id, language, registered_at, number, *ends, is_there = row
    if not listed and not is_there:
        return None
    known: tuple[Any, ...] = (parent_id, language, registered_at, number, *ends)
    return Head(child_id, registered_at is not None, *known)


def privacy_of(
    child_id: str, facts: Sequence[FactRow] | None = None
) -> dict[str, list[Value]]:
    """Holds that bind, and the erasure that was asked for, ordered or done, by `hold` and `erasure`. facts: all, where they have been read."""
    found: dict[str, list[Value]] = {"hold": [], "erasure": []}
    if facts is None:
        facts = all_facts(child_id, [Lane.PRIVACY.value])
    for name, value in state(facts).items():
        if value.counts and name[0] in found:
            found[name[0]].append(value)
    return found


def known_before() -> datetime | None:
    """What the log took before this instant is among the facts, but for looks, which follow; None: all that is folded."""
    return _unhandled([(Facts.name, kind) for kind in _FOLLOWED])


def page_known_before() -> datetime | None:
    """The same of all that stands on the page of the axis."""
    return _unhandled([*((Facts.name, kind) for kind in _FOLLOWED), *_BESIDE])


def _unhandled(followed: Sequence[tuple[str, str]]) -> datetime | None:
    types = registry().stream_types
    return unhandled_among([(name, types[kind].topic) for name, kind in followed])


def cut_of_now(child_id: str) -> Upto:
    """Up to where the facts of a child are handled: what a link carries.

    Nothing that is handled later may lie below it, so it ends where a stream is parked that tells of the child. Of parents all are meant: which
    are this child's a parked one has not said yet.
    """
    own = [f"{kind}.{child_id}" for kind in ("child", "privacy")]
    parents = registry().stream_types["parent"].topic
    return Upto(handled_up_to(Facts.name, own, [parents]))

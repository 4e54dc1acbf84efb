"""What somebody has at hand of a person: an id of whatever kind, or the e-mail address that a parent gives on the phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.parents import find_parent
from eventstore.queries.connection import unchecked_rows
from teddy_es.domain.fields import is_code

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 20

# Indexes: the keys, people_fact_happened, people_violation_id, people_child_parent. Of a child that was only looked at, or held, nobody
# knows that there is one.
_WITH_ID: Final = """
SELECT 'child', %(text)s, %(text)s
 WHERE EXISTS (SELECT FROM people_child WHERE child_id = %(text)s)
    OR EXISTS (SELECT FROM people_fact WHERE child_id = %(text)s AND lane = 'conversation')
    OR EXISTS (SELECT FROM people_fact WHERE child_id = %(text)s AND lane = 'consent')
 UNION ALL
SELECT 'conversation', conversation_id, child_id FROM people_conversation WHERE conversation_id = %(text)s
 UNION ALL
(SELECT 'violation', violation_id, child_id FROM people_violation WHERE violation_id = %(text)s ORDER BY child_id LIMIT %(most)s)
 UNION ALL
(SELECT 'parent', parent_id, child_id FROM people_child WHERE parent_id = %(text)s ORDER BY child_id LIMIT %(most)s)
"""
# Index: people_child_parent.
_OF_PARENTS: Final = """
SELECT parent_id, child_id FROM people_child WHERE parent_id = ANY(%(parents)s) ORDER BY parent_id, child_id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A hit: of which kind, by which id, whose. kind: `child`, `conversation`, `violation`, `parent`."""

    kind: str
    id: str
    child_id: str


def with_id(text: str) -> Sequence[Person]:
    """Whatever has exactly this id."""
    if not is_code(text):
        return ()
    rows = unchecked_rows(_WITH_ID, {"text": text, "most": MOST})
    return [Person(*row) for row in rows]


def parents_with(address: str) -> Sequence[str]:
    """The ids of parents who registered with this e-mail address. Raises `KeyStoreUnavailable`."""
    if "@" not in address:
        return ()
    return [stream_id.partition(".")[2] for stream_id in find_parent(address)]


def children_of(parents: Sequence[str]) -> Sequence[Person]:
    """Those that these parents registered."""
    given = {"parents": list(parents), "most": MOST}
    rows = unchecked_rows(_OF_PARENTS, given) if parents else ()
    return [Person("parent", *row) for row in rows]

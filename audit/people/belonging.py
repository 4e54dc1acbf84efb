"""Which streams belong to a household: a parent's own, those of the children that it registered, and their conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.connection import unchecked_rows
from eventstore.queries.unhandled import unhandled_since
from teddy_es.domain.fields import is_id

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

FOLLOWED: Final = {
    "children": "eventstore.child",
    "conversations": "eventstore.conversation",
}
"""The read models that say whose a stream is: projection → the topic of what it handles."""

# Indexes: the keys. One that names another household's child, too, is nobody's.
_CHILDREN: Final = """
SELECT child_id FROM people_child WHERE child_id = ANY(%(ids)s) AND parent_id = %(parent)s
"""
_CONVERSATIONS: Final = """
SELECT t.conversation_id, t.child_id FROM people_conversation t JOIN people_child c ON c.child_id = t.child_id
 WHERE t.conversation_id = ANY(%(ids)s) AND NOT t.names_others AND c.parent_id = %(parent)s
"""
_COVERED: Final = """
SELECT 'child.' || child_id FROM people_child WHERE child_id = ANY(%(children)s) AND parent_id = %(parent)s
 UNION ALL
SELECT 'conversation.' || t.conversation_id FROM people_conversation t JOIN people_child c ON c.child_id = t.child_id
 WHERE t.conversation_id = ANY(%(talks)s) AND NOT t.names_others AND c.parent_id = %(parent)s
"""
_TALKED_OF: Final = (
    "SELECT EXISTS (SELECT FROM people_conversation WHERE child_id = %(child)s)"
)
# Indexes: people_child_parent, people_conversation_child.
_STREAMS: Final = """
SELECT 'child.' || child_id FROM people_child WHERE parent_id = %(parent)s
 UNION ALL
SELECT 'conversation.' || t.conversation_id FROM people_child c JOIN people_conversation t ON t.child_id = c.child_id
 WHERE c.parent_id = %(parent)s AND NOT t.names_others
"""


def children_of(parent: str, ids: Collection[str]) -> set[str]:
    """Of these children those that the parent registered. Asked also of none: what is foreign takes as long as what is not there."""
    return {row[0] for row in _rows(_CHILDREN, parent, ids)}


def conversations_of(parent: str, ids: Collection[str]) -> dict[str, str]:
    """Of these conversations those of such children, each with its child."""
    return dict(_rows(_CONVERSATIONS, parent, ids))


def covered(parent: str, children: Collection[str], talks: Collection[str]) -> set[str]:
    """The streams of those of these children and conversations that belong to the parent. One question, also of none."""
    asked = {"children": _possible(children), "talks": _possible(talks)}
    return {row[0] for row in unchecked_rows(_COVERED, {**asked, "parent": parent})}


def is_talked_of(child: str) -> bool:
    """Whether there is a conversation of this child, registered or not."""
    [(found,)] = unchecked_rows(_TALKED_OF, {"child": child})
    return bool(found)


def streams_of(parent: str) -> Sequence[str]:
    """All streams of children and conversations that belong to the parent."""
    return [row[0] for row in unchecked_rows(_STREAMS, {"parent": parent})]


def known_before() -> datetime | None:
    """What the log took before this instant has been looked at; None: all that is folded."""
    return unhandled_since(FOLLOWED)


def _rows(
    statement: str, parent: str, ids: Collection[str]
) -> Sequence[tuple[Any, ...]]:
    return unchecked_rows(statement, {"ids": _possible(ids), "parent": parent})


def _possible(ids: Collection[str]) -> list[str]:
    """What can be no id is nobody's, and the database need not be asked about it."""
    return [one for one in ids if is_id(one)]

"""Whom streams are about: what the ledger records of a list of them, or of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.connection import unchecked_rows
from eventstore.queries.picked import first_events

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

OF_ONE: Final = ("child", "parent", "privacy")
"""Types of streams that are called by whom they are about."""

_NAMING: Final = ("child_id", "parent_id")
_NAMING_MANY: Final = "subjects"

# Index: the key.
_TALKS: Final = """
SELECT conversation_id, child_id FROM people_conversation WHERE conversation_id = ANY(%(ids)s)
"""


def persons_of(stream_ids: Collection[str]) -> set[str]:
    """The children and parents that these streams are about. A conversation that the read model does not know yet is asked itself."""
    parts = {one.partition(".")[::2] for one in stream_ids}
    found = {name for kind, name in parts if kind in OF_ONE}
    talks = {name for kind, name in parts if kind == "conversation"}
    if talks:
        known = dict(unchecked_rows(_TALKS, {"ids": sorted(talks)}))
        found |= set(known.values())
        unknown = [f"conversation.{name}" for name in sorted(talks - known.keys())]
        for event in first_events(unknown) if unknown else ():
            found |= persons_named(event.data)
    return found


def persons_named(data: Mapping[str, Any]) -> set[str]:
    """The children and parents that an event names in the clear."""
    return set(_named(data))


def _named(data: Mapping[str, Any]) -> Iterator[str]:
    many = data.get(_NAMING_MANY)
    for one in (*map(data.get, _NAMING), *(many if isinstance(many, list) else ())):
        if isinstance(one, str) and one:
            yield one

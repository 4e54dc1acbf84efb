"""Children as a list, narrowed: each way one index in its order, and a count that goes no further than it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.queries.keyset import Page, Wanted

MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class ChildListed:
    """A child, and how many of its violations are open."""

    child_id: str
    parent_id: str | None
    language: str | None
    registered_at: datetime | None
    known_at: datetime
    open_violations: int


@dataclass(frozen=True, slots=True)
class ChildFilter:
    """What the children of a list have in common; None: anything. From is inclusive, to is exclusive."""

    language: str | None = None
    registered_from: datetime | None = None
    registered_to: datetime | None = None
    has_open: bool = False

    @property
    def by_registration(self) -> bool:
        """Whether the list is one of registrations: who was never registered is not in it."""
        return self.registered_from is not None or self.registered_to is not None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many, or that there are more than were counted."""

    number: int
    is_all: bool


# The open ones of each row by people_violation_waiting.
_SELECT: Final = """
SELECT c.child_id, c.parent_id, c.language, c.registered_at, c.known_at,
       (SELECT count(*) FROM people_violation v WHERE v.child_id = c.child_id AND NOT v.state = 'resolved')
  FROM people_child c"""
# Indexes: people_child_newest, people_child_language.
_NEWEST: Final = Listing(
    _SELECT,
    {"c.known_at": datetime, "c.child_id": str},
    ChildListed,
    lambda row: (row.known_at, row.child_id),
    falls=True,
)
# Indexes: people_child_registered, people_child_lang_reg.
_REGISTERED: Final = Listing(
    _SELECT,
    {"c.registered_at": datetime, "c.child_id": str},
    ChildListed,
    lambda row: (row.registered_at, row.child_id),
    falls=True,
)
# From the open violations, which are few, to their children: people_violation_waiting, and the key.
_WAITING: Final = Listing(
    composed(
        "{select} JOIN (SELECT DISTINCT child_id AS id FROM people_violation WHERE NOT state = 'resolved') w ON w.id = c.child_id",
        select=_SELECT,
    ),
    {"c.child_id": str},
    ChildListed,
    lambda row: (row.child_id,),
)
_CONDITIONS: Final = {
    "language": "c.language = %(language)s",
    "registered_from": "c.registered_at >= %(registered_from)s",
    "registered_to": "c.registered_at < %(registered_to)s",
}
_LANGUAGES: Final = """
WITH RECURSIVE known(language) AS (
       (SELECT language FROM people_child WHERE language IS NOT NULL ORDER BY language LIMIT 1)
        UNION ALL
       SELECT (SELECT c.language FROM people_child c WHERE c.language > k.language ORDER BY c.language LIMIT 1)
         FROM known k WHERE k.language IS NOT NULL)
SELECT language FROM known WHERE language IS NOT NULL LIMIT %(most)s
"""


def children(among: ChildFilter, wanted: Wanted) -> Page[ChildListed]:
    """The newest first; of registrations by these; with open violations by their ids. Raises `BadCursor`."""
    conditions, given = _narrowed(among)
    return _listing(among).page(wanted, unchecked_rows, conditions, given)


def counted(among: ChildFilter, *, most: int = MOST_COUNTED) -> Counted:
    """How many there are, counted no further than to so many."""
    conditions, given = _narrowed(among)
    first_ones = _listing(among).statement(conditions, is_behind=False)
    statement = " ".join(("SELECT count(*) FROM (", first_ones, ") first_ones"))
    [(number,)] = unchecked_rows(statement, {**given, "limit": most + 1})
    return Counted(min(number, most), number <= most)


def languages(*, most: int = 50) -> Sequence[str]:
    """Those that children speak, from one to the next along the index."""
    return [row[0] for row in unchecked_rows(_LANGUAGES, {"most": most})]


def _listing(among: ChildFilter) -> Listing[ChildListed]:
    if among.has_open:
        return _WAITING
    return _REGISTERED if among.by_registration else _NEWEST


def _narrowed(among: ChildFilter) -> tuple[list[str], Mapping[str, Any]]:
    given = {name: getattr(among, name) for name in _CONDITIONS}
    return [_CONDITIONS[name] for name, v in given.items() if v is not None], given

"""Looks from the read model of accesses, the newest first: at one person a row each, of one account a row for each event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eventstore.queries.browse import stream
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted, page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_COUNTED: Final = 1_000
"""How far looks are counted; of more it is said that there are more."""


@dataclass(frozen=True, slots=True)
class Among:
    """Which looks: for this purpose, since this instant, until this one."""

    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[str]:
        """Of the statement; each is one of three constants."""
        return [
            sql
            for value, sql in (
                (self.purpose, "purpose = %(purpose)s"),
                (self.since, "recorded_at >= %(since)s"),
                (self.until, "recorded_at < %(until)s"),
            )
            if value is not None
        ]

    def parameters(self) -> dict[str, Any]:
        """Of the conditions."""
        return {"purpose": self.purpose, "since": self.since, "until": self.until}


@dataclass(frozen=True, slots=True)
class Look:
    """Of one event. subject: the first of the persons that it names; persons: how many those are."""

    recorded_at: datetime
    position: int
    kind: str
    purpose: str
    actor: str
    actor_kind: str
    object: str | None
    reference: str | None
    persons: int
    subject: str


class Counted(NamedTuple):
    """number: at most what was asked for. is_more: whether there are more."""

    number: int
    is_more: bool


# Index: people_access_pkey (subject, recorded_at, position).
_AT: Final = Listing(
    """
SELECT recorded_at, position, kind, purpose, actor, actor_kind, "object", reference, 1, subject
  FROM people_access""",
    {"recorded_at": datetime, "position": int},
    Look,
    lambda row: (row.recorded_at, row.position),
    falls=True,
)
_OF_SUBJECT: Final = "subject = %(subject)s"
_OF_ACTOR: Final = "actor = %(actor)s"

# Index: people_access_actor (actor, recorded_at, position, subject), whose rows of one event stand together.
_EVENTS: Final = """
SELECT recorded_at, position, min(kind), min(purpose), min(actor), min(actor_kind), min("object"), min(reference),
       count(*), min(subject)
  FROM people_access"""
_GROUPED: Final = "GROUP BY recorded_at, position ORDER BY"
_ORDERS: Final = {
    True: "recorded_at DESC, position DESC",
    False: "recorded_at, position",
}
_BEHIND: Final = {
    True: "(recorded_at, position) < (%(key_0)s, %(key_1)s)",
    False: "(recorded_at, position) > (%(key_0)s, %(key_1)s)",
}
_COUNT: Final = "SELECT count(*) FROM (SELECT FROM people_access WHERE"
_COUNTED: Final = "LIMIT %(limit)s) counted"


# Indexes: the keys, people_child_parent, people_fact_happened.
_KNOWN: Final = """
SELECT EXISTS (SELECT FROM people_access WHERE subject = %(subject)s)
    OR EXISTS (SELECT FROM people_child WHERE child_id = %(subject)s)
    OR EXISTS (SELECT FROM people_child WHERE parent_id = %(subject)s)
    OR EXISTS (SELECT FROM people_fact WHERE child_id = %(subject)s)
"""


def looks_at_person(wanted: Wanted, subject: str, among: Among) -> Page[Look]:
    """Who looked at a child or a parent. Raises `BadCursor`."""
    given = {"subject": subject, **among.parameters()}
    conditions = [_OF_SUBJECT, *among.conditions()]
    return _AT.page(wanted, unchecked_rows, conditions, given)


def looks_of_account(wanted: Wanted, actor: str, among: Among) -> Page[Look]:
    """What an account looked at; a look at a list of fifty persons is one row. Raises `BadCursor`."""
    given = {"actor": actor, **among.parameters()}
    conditions = [_OF_ACTOR, *among.conditions()]

    def fetch(key: tuple[Any, ...] | None, *, onwards: bool, limit: int) -> list[Look]:
        behind = [_BEHIND[onwards]] if key is not None else []
        place = {f"key_{n}": part for n, part in enumerate(key or ())}
        asked = {**given, **place, "limit": limit}
        statement = _events(tuple(conditions + behind), onwards=onwards)
        return [Look(*row) for row in unchecked_rows(statement, asked)]

    return page(
        wanted, fetch, lambda row: (row.recorded_at, row.position), (datetime, int)
    )


def count_at_person(subject: str, among: Among, *, most: int = MOST_COUNTED) -> Counted:
    """How often somebody looked at a person, as far as it is counted."""
    given = {"subject": subject, **among.parameters()}
    return _counted([_OF_SUBJECT, *among.conditions()], given, most)


def is_known(subject: str) -> bool:
    """Whether any event names a child or a parent with this id: in the read models, or as a stream of its own, which they may be behind."""
    [(is_there,)] = unchecked_rows(_KNOWN, {"subject": subject})
    streams = (f"{kind}.{subject}" for kind in ("child", "parent"))
    return is_there or any(stream(one) is not None for one in streams)


def _counted(conditions: Sequence[str], given: Mapping[str, Any], most: int) -> Counted:
    statement = " ".join((_COUNT, " AND ".join(conditions), _COUNTED))
    [(number,)] = unchecked_rows(statement, {**given, "limit": most + 1})
    return Counted(min(number, most), number > most)


def _events(conditions: Sequence[str], *, onwards: bool) -> str:
    """Put together of constants, as a `Listing` does."""
    where = ("WHERE", " AND ".join(conditions))
    return " ".join((_EVENTS, *where, _GROUPED, _ORDERS[onwards], "LIMIT %(limit)s"))

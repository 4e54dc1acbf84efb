"""Looks in a list: when, who, what, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.access import Capability
from audit.addresses import event_address
from audit.columns import cells
from audit.columns.table import Column, Table
from audit.purpose import WORDS
from eventstore.queries.positions import position_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.access import Viewer
    from audit.access_ledger.accounts import Account
    from audit.access_ledger.queries import Look

KINDS: Final = {
    "list": "Saw it in a list",
    "view": "Looked at it",
    "reveal": "Opened what was said",
    "export": "Had it written to a file",
}
_NONE: Final = "none"


def _what(row: Look, _viewer: Viewer) -> str:
    shown = row.object and cells.was(row.object, "was mono wrap")
    return cells.beside(KINDS.get(row.kind, row.kind), shown or "")


def _purpose(row: Look, _viewer: Viewer) -> str:
    words = WORDS.get(row.purpose)
    return words.label if words else row.purpose


def _event(row: Look, _viewer: Viewer) -> str:
    address = event_address(position_of(row.position))
    return cells.linked("Event", address, aria_label="The event of this look")


_WHEN: Final[Column[Look]] = Column(
    "When", cells.both(lambda row: row.recorded_at), falls=True
)
_WHAT: Final[Column[Look]] = Column("What was seen", _what)
_WHY: Final[Column[Look]] = Column("Purpose", _purpose)
_CASE: Final[Column[Look]] = Column(
    "Reference", cells.text(lambda row: row.reference or _NONE)
)
_IN_THE_LOG: Final[Column[Look]] = Column(
    "Event", _event, needs=Capability.SEE_PAYLOADS
)


def at_person(accounts: Mapping[str, Account]) -> Table[Look]:
    """Who looked. accounts: by actor."""

    def who(row: Look, _viewer: Viewer) -> str:
        address = reverse("admin:ledger_of_officer", args=[row.actor])
        account = accounts.get(row.actor)
        if account is None:
            said = "a service" if row.actor_kind == "service" else "no account any more"
            name = cells.linked(row.actor, address, css="mono", is_main=True)
            return cells.beside(name, cells.was(said))
        name = cells.linked(account.name, address, is_main=True)
        return cells.beside(name, cells.was(", ".join(account.roles) or "no role now"))

    return Table(
        "Looks, latest first",
        (
            _WHEN,
            Column("Who", who, heads_row=True),
            _WHAT,
            _WHY,
            _CASE,
            _IN_THE_LOG,
        ),
    )


def _persons(row: Look, viewer: Viewer) -> str:
    others = row.persons - 1
    more = f"and {cells.counted(others, 'other')}" if others else ""
    return cells.beside(_person(row.subject, viewer), more)


def _person(subject: str, viewer: Viewer) -> str:
    if not viewer.may(Capability.SEE_LEDGER):
        return cells.was(subject, "mono")
    address = reverse("admin:ledger_of_child", args=[subject])
    return cells.linked(subject, address, css="mono")


OF_ACCOUNT: Final[Table[Look]] = Table(
    "Looks, latest first",
    (
        _WHEN,
        Column("At whom", _persons, heads_row=True),
        _WHAT,
        _WHY,
        _CASE,
        _IN_THE_LOG,
    ),
)

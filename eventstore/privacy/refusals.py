"""What stands against destroying keys, and against what people ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors import LineageUnreadable, SecondPersonMissing, UnderHold
from eventstore.lineage.fold import ALL

if TYPE_CHECKING:
    from collections.abc import Collection

    from eventstore.lineage.fold import Hold, Lineage


def refuse_held(lineage: Lineage, months: Collection[str] | None = None) -> None:
    """Raise `UnderHold` where a hold stands against destroying the keys of these months, or, None, any key."""
    if holds := lineage.held(months):
        raise UnderHold([described(hold) for hold in holds])


def refuse_unreadable(lineage: Lineage) -> None:
    """Raise `LineageUnreadable` where an event of the subject may be a hold that nobody can read."""
    if lineage.unreadable:
        raise LineageUnreadable(lineage.unreadable)


def refuse_one_person(requested_by: str, approved_by: str) -> None:
    """Raise `SecondPersonMissing` unless two people are named. A name in other letters is the same person."""
    first, second = (name.strip().casefold() for name in (requested_by, approved_by))
    if not first or not second or first == second:
        raise SecondPersonMissing


def described(hold: Hold) -> str:
    """A hold in a line, without a word about whom it is for."""
    parts = [
        hold.kind or "of no kind",
        f"clause {', '.join(hold.clauses)}",
        f"months {', '.join(sorted(hold.months))}" if hold.months else f"{ALL} months",
    ]
    if hold.floor is not None:
        parts.append(f"not before {hold.floor}")
    return f"hold {hold.id} ({'; '.join(parts)})"

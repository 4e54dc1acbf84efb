"""Who an actor of the ledger is: the account of today, by its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import User
from django.db.models import Q

from audit.access import OFFICER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Account:
    """name: to log in by. roles: of today; the ledger does not say which it had then."""

    name: str
    roles: Sequence[str]


def accounts_of(actors: Collection[str]) -> Mapping[str, Account]:
    """Of these actors those that are accounts of people. One question."""
    numbers = {number for one in actors if (number := _number(one)) is not None}
    if not numbers:
        return {}
    rows = User.objects.filter(pk__in=numbers).values_list(
        "pk", "username", "groups__name"
    )
    roles: dict[tuple[int, str], list[str]] = {}
    for number, name, role in rows:
        known = roles.setdefault((number, name), [])
        if role:
            known.append(role.replace("_", " ").capitalize())
    return {
        f"{OFFICER}{number}": Account(name, sorted(said))
        for (number, name), said in roles.items()
    }


def actor_named(name: str) -> str | None:
    """The actor of the account with this log-in name, or with this number as events have it: `officer-2`."""
    called = name.casefold()
    numbers = User.objects.filter(Q(username=name) | Q(pk=_number(called)))
    found = sorted(
        numbers.values_list("username", "pk"), key=lambda one: one[0] != name
    )
    return f"{OFFICER}{found[0][1]}" if found else None


def _number(actor: str) -> int | None:
    digits = actor.removeprefix(OFFICER)
    is_one = digits != actor and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    return int(digits) if is_one and digits.isascii() else None

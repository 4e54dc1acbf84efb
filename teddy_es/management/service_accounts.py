"""What the commands about service accounts share: what can be asked for, what is said, and that a refusal is a line."""

from __future__ import annotations

import argparse
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import CommandError

from audit.access import OFFICER
from eventstore.api.accounts import DAYS, AccountError, facts_of
from eventstore.api.scopes import ALL, Scope
from teddy_es.domain.access import ACTOR, PURPOSES
from teddy_es.domain.fields import is_id

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from eventstore.api.accounts import Account, Minted

MOST_DAYS: Final = 3_650


def account_name(text: str) -> str:
    """It names the stream in which is recorded what the account looks at."""
    if not ACTOR.fullmatch(text):
        msg = "a name is 1 to 100 letters, digits, - and _"
        raise argparse.ArgumentTypeError(msg)
    if text.startswith(OFFICER):
        msg = (
            f"names that begin with {OFFICER} are those of people in the access ledger"
        )
        raise argparse.ArgumentTypeError(msg)
    return text


def add_what_it_may(parser: ArgumentParser, *, required: bool) -> None:
    """--scopes, --household or --all, --purpose."""
    parser.add_argument(
        "--scopes",
        type=_scopes,
        required=required,
        metavar="SCOPE,…",
        help=f"what it may do, of: {', '.join(ALL)}",
    )
    whose = parser.add_mutually_exclusive_group(required=required)
    whose.add_argument(
        "--household",
        type=_parent,
        metavar="PARENT_ID",
        help="it sees this parent's household and nobody else",
    )
    whose.add_argument("--all", action="store_true", help="it sees everybody's data")
    parser.add_argument(
        "--purpose",
        choices=PURPOSES,
        required=required,
        help="what it looks at persons' data for, as the access ledger will say",
    )


def add_expiry(parser: ArgumentParser) -> None:
    """--expires."""
    parser.add_argument(
        "--expires",
        type=whole_up_to(MOST_DAYS),
        default=DAYS,
        metavar="DAYS",
        help=f"when the token ends by itself; {DAYS} if left out",
    )


def whole_up_to(most: int) -> Any:
    """A whole number from 1 on."""

    def parse(text: str) -> int:
        if (
            text.isascii()
            and text.isdecimal()
            and len(text) <= len(str(most))
            and 1 <= int(text) <= most
        ):
            return int(text)
        msg = f"a whole number from 1 to {most}"
        raise argparse.ArgumentTypeError(msg)

    return parse


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """What the accounts refuse, as a `CommandError`."""
    try:
        yield
    except AccountError as error:
        raise CommandError(str(error)) from error


def household_facts(account: Account) -> dict[str, Any]:
    """As `facts_of`, in the words of the project."""
    facts = dict(facts_of(account))
    facts["household"] = facts.pop("bound_to")
    return facts


def minted_text(minted: Minted, *, as_json: bool) -> str:
    """The token, for the only time."""
    token = minted.token
    if as_json:
        facts = household_facts(minted.account)
        return json.dumps({**facts, "token": minted.secret, "prefix": token.prefix})
    ends = token.ends_at.date().isoformat() if token.ends_at else "never"
    return (
        f"{minted.secret}\n"
        f"This is the token of {minted.account.name}; it is not shown again. It ends on {ends}. Send it as: Authorization: Token …"
    )


def account_text(account: Account) -> str:
    """Some lines about one."""
    facts = household_facts(account)
    sees = "everybody" if facts["sees_all"] else f"household {facts['household']}"
    state = "enabled" if facts["enabled"] else "disabled"
    head = f"{facts['name']}: {state}, {', '.join(facts['scopes'])}, sees {sees}, for {facts['purpose']}"
    return "\n".join([head, *map(_token_text, facts["tokens"])])


def _token_text(token: dict[str, Any]) -> str:
    ends = token["ends_at"] or "never"
    return f"  {token['prefix']}…  made {token['created_at']}, {'ended' if token['ended'] else 'ends'} {ends}"


def _scopes(text: str) -> list[Scope]:
    names = [name.strip() for name in text.split(",")]
    if wrong := [name for name in names if name not in ALL]:
        msg = f"{wrong[0] or 'nothing'} is none of: {', '.join(ALL)}"
        raise argparse.ArgumentTypeError(msg)
    return [Scope(name) for name in names]


def _parent(text: str) -> str:
    if not is_id(text):
        msg = "a parent's id is 1 to 100 letters, digits, - and _"
        raise argparse.ArgumentTypeError(msg)
    return text

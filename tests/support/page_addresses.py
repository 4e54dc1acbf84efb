"""An address of every page of the console, for whoever looks at all of them in a browser. A page that is missing here fails there.

Each line belongs to one page: its name in `audit.pages.PAGES`, and where to find one that has something to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eventstore.events import Position


@dataclass(frozen=True, slots=True)
class Shown:
    """What the store of the walk has: a small town, one of whose children has an open violation; one that is erased; a conversation that
    names causes; and a subscription that cannot get on."""

    event: Position
    stream_id: str
    subscription: str
    child_id: str
    conversation_id: str
    violation_id: str
    forgotten: str
    officer: str


ADDRESSES: Final[Mapping[str, Callable[[Shown], Sequence[str]]]] = {
    "index": lambda _: ["/admin/"],
    "violations": lambda _: ["/admin/violations/", "/admin/violations/?tab=closed"],
    "violations_record": lambda _: ["/admin/violations/record/"],
    "violation": lambda shown: [f"/admin/violations/{_case(shown, 'case')}"],
    "violation_reveal": lambda shown: [f"/admin/violations/{_case(shown, 'reveal')}"],
    "violation_act": lambda shown: [
        f"/admin/violations/{_case(shown, f'do/{act}')}" for act in ("claim", "decide")
    ],
    "approvals": lambda _: ["/admin/approvals/"],
    "purpose": lambda _: ["/admin/purpose/"],
    "time_zone": lambda _: ["/admin/time-zone/?next=/admin/"],
    "find": lambda _: ["/admin/find/"],  # goes on to a list
    "children": lambda _: ["/admin/children/", "/admin/children/?open=at+least+one"],
    "child": lambda shown: [
        f"/admin/children/{shown.child_id}/",
        f"/admin/children/{shown.forgotten}/?zone=Europe/Berlin",
        f"/admin/children/{shown.child_id}/?from=2020-01-01&to=2020-01-02",
    ],
    "child_as_of": lambda shown: [f"/admin/children/{shown.child_id}/as-of/"],
    "conversation": lambda shown: [f"/admin/conversations/{shown.conversation_id}/"],
    "reveal": lambda shown: [f"/admin/conversations/{shown.conversation_id}/reveal/"],
    "streams": lambda _: ["/admin/streams/"],
    "stream": lambda shown: [f"/admin/streams/{quote(shown.stream_id)}/"],
    "stream_verify": lambda shown: [f"/admin/streams/{quote(shown.stream_id)}/verify/"],
    "events": lambda _: ["/admin/events/", "/admin/events/?type=NoSuchType"],
    "event": lambda shown: [f"/admin/events/{quote(str(shown.event))}/"],
    "ledger": lambda _: ["/admin/ledger/"],
    "ledger_of_child": lambda shown: [f"/admin/ledger/persons/{shown.child_id}/"],
    "ledger_of_officer": lambda shown: [f"/admin/ledger/accounts/{shown.officer}/"],
    "subscriptions": lambda _: ["/admin/subscriptions/"],
    "subscription": lambda shown: [f"/admin/subscriptions/{shown.subscription}/"],
    "subscription_act": lambda shown: [
        f"/admin/subscriptions/{shown.subscription}/{act}/" for act in ("reset", "replay")
    ],
    "jobs": lambda _: ["/admin/jobs/"],
    "auth_user_changelist": lambda _: ["/admin/auth/user/", "/admin/password_change/"],
}  # fmt: skip


def _case(shown: Shown, what: str) -> str:
    return f"{shown.child_id}/{what}/{quote(shown.violation_id)}/"

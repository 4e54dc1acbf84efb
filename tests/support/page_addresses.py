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
    """What the store of the walk has: a conversation with a child, its last event, and a subscription that cannot get on with it."""

    event: Position
    stream_id: str
    subscription: str


ADDRESSES: Final[Mapping[str, Callable[[Shown], Sequence[str]]]] = {
    "index": lambda _: ["/admin/"],
    "purpose": lambda _: ["/admin/purpose/"],
    "time_zone": lambda _: ["/admin/time-zone/?next=/admin/"],
    "find": lambda _: ["/admin/find/"],  # goes on to a list
    "children": lambda _: ["/admin/children/", "/admin/children/?open=at+least+one"],
    "child": lambda _: [
        "/admin/children/child-1/",
        "/admin/children/child-1/?from=2026-11-23&to=2026-11-23&zone=Europe/Berlin",
        "/admin/children/child-1/?from=2020-01-01&to=2020-01-02",
    ],
    "child_as_of": lambda _: ["/admin/children/child-1/as-of/"],
    "conversation": lambda shown: [
        f"/admin/conversations/{quote(shown.stream_id.partition('.')[2])}/"
    ],
    "reveal": lambda shown: [  # goes on to the conversation
        f"/admin/conversations/{quote(shown.stream_id.partition('.')[2])}/reveal/"
    ],
    "streams": lambda _: ["/admin/streams/"],
    "stream": lambda shown: [f"/admin/streams/{quote(shown.stream_id)}/"],
    "stream_verify": lambda shown: [f"/admin/streams/{quote(shown.stream_id)}/verify/"],
    "events": lambda _: ["/admin/events/", "/admin/events/?type=ConversationEnded"],
    "event": lambda shown: [f"/admin/events/{quote(str(shown.event))}/"],
    "ledger": lambda _: ["/admin/ledger/"],
    "ledger_of_child": lambda _: ["/admin/ledger/persons/child-1/"],
    "ledger_of_officer": lambda _: ["/admin/ledger/accounts/officer-1/"],
    "subscriptions": lambda _: ["/admin/subscriptions/"],
    "subscription": lambda shown: [f"/admin/subscriptions/{shown.subscription}/"],
    "subscription_act": lambda shown: [
        f"/admin/subscriptions/{shown.subscription}/{act}/" for act in ("reset", "replay")
    ],
    "jobs": lambda _: ["/admin/jobs/"],
    "auth_user_changelist": lambda _: ["/admin/auth/user/", "/admin/password_change/"],
}  # fmt: skip

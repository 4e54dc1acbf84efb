"""Two households with something of everything, of which one must never see the other; and tokens of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import UUID

from django.test import Client
from knox.models import AuthToken

from eventstore.events import Expected, NewEvent
from teddy_es.domain.child import ChildRegistered
from teddy_es.domain.conversation import ChildSpoke, ConversationStarted
from teddy_es.domain.parent import ConsentGranted, ParentRegistered
from teddy_es.domain.violations import SafetyViolationDetected
from tests.support.callers import a_caller
from tests.support.families import handle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.store import EventStore

# In the ids of all that belongs to one; of one length, and nothing that a chance number could hold.
OURS, THEIRS, NOBODYS, LATE = "ours", "them", "none", "late"
_NUMBER: Final = {OURS: 11, THEIRS: 22, NOBODYS: 33, LATE: 44}
CORRELATION: Final = {of: UUID(int=n * 10**30) for of, n in _NUMBER.items()}
SCOPES: Final = {
    "read": ["streams:read"],
    "append": ["streams:append"],
    "all": ["streams:read", "streams:append", "pii:read"],
}
MALFORMED_ID: Final = ("", "a b", "a" * 101, "a\0", "ü", "a\n", "..", "%")
MALFORMED: Final[Mapping[str, Sequence[str]]] = {
    "stream_id": (
        *("nodot", ".", "child.", "zebra.c-1", "Child.c-1", f"child.{'a' * 129}"),
        *(f"child.{one}" for one in MALFORMED_ID if one),
    ),
    "commit_id": ("x", "0" * 36, "{" + "0" * 34 + "}", "null", "a\0"),
    "child_id": MALFORMED_ID[1:],
    "parent_id": MALFORMED_ID[1:],
    "code": ("nothing", "a b"),
}
"""What can be no such thing, by the name that stands in the address."""


@dataclass(frozen=True)
class Objects:
    """What there is of a household, or what there would be, by the names in addresses."""

    of: str

    def __getitem__(self, name: str) -> Sequence[str]:
        return {
            "stream_id": (
                f"child.c-{self.of}",
                f"conversation.t-{self.of}",
                f"parent.p-{self.of}",
            ),
            "commit_id": (str(commit_of(self.of)),),
            "child_id": (f"c-{self.of}",),
            "parent_id": (f"p-{self.of}",),
            "code": ("not-found",),
        }[name]

    def __contains__(self, name: object) -> bool:
        return name in MALFORMED


def commit_of(household: str) -> UUID:
    """The id of the commit in which its child was registered."""
    return UUID(int=_NUMBER[household] * 10**20)


def settle(store: EventStore, household: str) -> None:
    """A parent, a child, a consent, a conversation, a violation; the words are the household's own."""
    words, child = f"words-{household}", f"c-{household}"
    happened: Sequence[tuple[str, Sequence[Any]]] = (
        (
            f"parent.p-{household}",
            [ParentRegistered(name=words, email=f"{words}@example.org")],
        ),
        (
            f"child.{child}",
            [ChildRegistered(parent_id=f"p-{household}", name=words, language="de")],
        ),
        (
            f"parent.p-{household}",
            [ConsentGranted(child_id=child, scope="conversation", policy_version="1")],
        ),
        (
            f"conversation.t-{household}",
            [
                ConversationStarted(child_id=child),
                ChildSpoke(child_id=child, text=words),
            ],
        ),
        (
            f"child.{child}",
            [
                SafetyViolationDetected(
                    violation_id=f"v-{household}",
                    category="bullying",
                    severity="high",
                    detector=f"rules/{household}",
                    conversation_id=f"t-{household}",
                    excerpt=words,
                )
            ],
        ),
    )
    for n, (stream_id, events) in enumerate(happened):
        new = [
            NewEvent(event, correlation_id=CORRELATION[household]) for event in events
        ]
        commit_id = (
            commit_of(household) if n == 1 else UUID(int=_NUMBER[household] * 10 + n)
        )
        store.append(stream_id, new, Expected.ANY, commit_id=commit_id)


def settle_both(store: EventStore) -> None:
    """And have the read models know it."""
    settle(store, OURS)
    settle(store, THEIRS)
    handle()


@dataclass(frozen=True)
class Asker:
    """A token, or none."""

    kind: str
    token: str | None

    def ask(self, method: str, address: str, body: bytes = b"", **headers: str) -> Any:
        """Whatever the address holds is quoted; the query stands as it is."""
        path, mark, query = address.partition("?")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["Authorization"] = f"Token {self.token}"
        return Client(raise_request_exception=False).generic(
            method,
            f"{quote(path, safe='/')}{mark}{query}",
            body,
            content_type="application/json",
            headers=sent,
        )


def askers() -> Mapping[str, Asker]:
    """Every kind of token: none, unknown, and one of each right for each household and for everybody."""
    found = {"none": None, "unknown": f"teddy_{'0' * 64}"}
    for whose, bound_to in (
        ("ours", f"p-{OURS}"),
        ("theirs", f"p-{THEIRS}"),
        ("everybody", None),
    ):
        for right, scopes in SCOPES.items():
            name = f"{whose}-{right}"
            found[name] = a_caller(name, scopes=scopes, bound_to=bound_to).token
    return {kind: Asker(kind, token) for kind, token in found.items()}


def ended(token: str) -> None:
    """As if its time were over."""
    AuthToken.objects.filter(token_key=token[:15]).update(expiry="2026-01-01T00:00:00Z")

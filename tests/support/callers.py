"""Service accounts of the HTTP interface, their tokens, and a `Reach` that a test says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from django.contrib.auth.models import User
from django.test import Client
from knox.models import get_token_model

from eventstore.api.feed.hangups import SOCKET
from eventstore.api.models import ServiceAccount
from eventstore.api.reach import Everything
from eventstore.api.scopes import ALL
from eventstore.events import Expected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

FEED = "/feed"


@dataclass
class Household:
    """A `Reach` over the streams that a test names. mine: what an event of its own says in `customer_id`.

    family: whose data it may see beside its own. behind: of what was recorded then or later it has not heard.
    """

    mine: str
    known: set[str] = field(default_factory=set)
    family: set[str] = field(default_factory=set)
    asked: list[list[str]] = field(default_factory=list)
    behind: datetime | None = None
    hides: frozenset[str] = frozenset()
    sees_all = False

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """See `Reach`."""
        self.asked.append(sorted(stream_ids))
        return frozenset(self.known & set(stream_ids))

    def knows(self, persons: Collection[str]) -> frozenset[str]:
        """See `Reach`."""
        return frozenset(({self.mine} | self.family) & set(persons))

    def streams(self) -> Sequence[str]:
        """See `Reach`."""
        return sorted(self.known)

    def refuses(
        self,
        stream_id: str,
        expected: Expected,
        events: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> str | None:
        """See `Reach`."""
        named = {data["customer_id"] for _, data in events if "customer_id" in data}
        if named - {self.mine}:
            return "names-another"
        if stream_id in self.known:
            return None
        return None if expected == Expected.NO_STREAM and named else "not-its-own"

    def known_before(self) -> datetime | None:
        """See `Reach`."""
        return self.behind


_households: dict[str, Household] = {}


def household(bound_to: str) -> Household:
    """The one of this name, the same each time until it is forgotten."""
    return _households.setdefault(bound_to, Household(bound_to))


def forget_households() -> None:
    """As if nobody had said anything."""
    _households.clear()


def reach(bound_to: str | None) -> Any:
    """For `EVENTSTORE["REACH"]`."""
    return Everything() if bound_to is None else household(bound_to)


@dataclass(frozen=True)
class Caller:
    """A token and a client that sends it."""

    account: ServiceAccount
    token: str
    client: Client

    def get(self, address: str, *, through: Any = None, **headers: str) -> Any:
        """GET below `/api/v1`; the whole address, as an answer gives it, will do. through: the client's socket, as a server hands it on."""
        below = address.removeprefix("/api/v1")
        beside = {} if through is None else {SOCKET: through}
        return self.client.get(f"/api/v1{below}", headers=self._with(headers), **beside)

    def feed(self, query: str = "") -> dict[str, Any]:
        """A page of the feed. Raises AssertionError with what came instead."""
        answer = self.get(FEED + query)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = json.loads(answer.content)
        return found

    def post(self, address: str, body: Any, **headers: str) -> Any:
        """POST below `/api/v1`: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        kind = headers.pop("content_type", "application/json")
        return self.client.post(
            f"/api/v1{address}", data, content_type=kind, headers=self._with(headers)
        )

    def _with(self, headers: Mapping[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Token {self.token}", **named}


def a_caller(
    name: str = "backend",
    *,
    scopes: Sequence[str] = ALL,
    bound_to: str | None = None,
    purpose: str = "parent_request",
) -> Caller:
    """An account with one token."""
    user = User.objects.create_user(name)
    account = ServiceAccount.objects.create(
        user=user,
        scopes=list(scopes),
        purpose=purpose,
        bound_to=bound_to,
        sees_all=bound_to is None,
    )
    _, token = get_token_model().objects.create(user)
    return Caller(account, token, Client(raise_request_exception=False))


def messages(chunks: Iterator[bytes]) -> Iterator[dict[str, str]]:
    """Server-sent events as a client reads them; a comment is a message without data."""
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + chunk.decode()).split("\n\n")
        for text in whole:
            lines = [line.partition(": ") for line in text.split("\n")]
            yield {name: value for name, _, value in lines if name}

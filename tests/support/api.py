"""Service accounts and their tokens, and clients that send them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from eventstore.api.models import ServiceAccount
from eventstore.api.scopes import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEED = "/api/v1/feed"


def an_account(
    name: str = "service",
    *,
    scopes: Sequence[str] = ALL,
    bound_to: str | None = None,
) -> ServiceAccount:
    """With a purpose of its own."""
    return ServiceAccount.objects.create(
        user=User.objects.create_user(name),
        scopes=list(scopes),
        purpose="audit",
        bound_to=bound_to,
        sees_all=bound_to is None,
    )


def a_token(account: ServiceAccount) -> str:
    """One more."""
    _, token = AuthToken.objects.create(account.user)
    return str(token)


class Caller:
    """Asks with a token."""

    def __init__(self, token: str) -> None:
        self._client = Client(headers={"Authorization": f"Token {token}"})

    def get(self, address: str, **headers: str) -> Any:
        """The answer as it comes."""
        return self._client.get(address, headers=headers, secure=True)

    def feed(self, query: str = "") -> dict[str, Any]:
        """A page of the feed. Raises AssertionError with what came instead."""
        answer = self.get(FEED + query)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = json.loads(answer.content)
        return found


def messages(chunks: Iterator[bytes]) -> Iterator[dict[str, str]]:
    """Server-sent events as a client reads them; a comment is a message without data."""
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + chunk.decode()).split("\n\n")
        for text in whole:
            lines = [line.partition(": ") for line in text.split("\n")]
            yield {name: value for name, _, value in lines if name}

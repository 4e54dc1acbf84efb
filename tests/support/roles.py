"""Accounts of each role, and clients of theirs that have said what they look for."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import Group, User
from django.test import Client

from audit.access import MUST_END
from audit.models import Standing
from audit.purpose import as_kept, purpose_from
from audit.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

FAR: Final = datetime(2999, 1, 1, tzinfo=UTC)
_numbers: Iterator[int] = count(1)


def somebody(role: str, name: str = "") -> User:
    """A new account of this role. It has no password: making one takes longer than most tests."""
    kind = Role(role)
    user = User.objects.create_user(
        name or f"{kind.value}-{next(_numbers)}", is_staff=True
    )
    user.groups.add(Group.objects.get(name=kind.value))
    if kind in MUST_END:
        Standing.objects.create(user=user, ends_at=FAR)
    return user


def client_of(
    user: User, purpose: str | None = "safety_review", reference: str | None = None
) -> Client:
    """Logged in; purpose: None for somebody who has chosen none yet."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    if purpose is not None:
        choose(client, purpose, reference)
    return client


def client_as(
    role: str, purpose: str | None = "safety_review", reference: str | None = None
) -> Client:
    """Of somebody new of this role. Where there is no log, take the fixture `recorder`, too."""
    return client_of(somebody(role), purpose, reference)


def choose(client: Client, purpose: str, reference: str | None = None) -> None:
    """As the form of the purpose's page does."""
    session = client.session
    session.update(as_kept(purpose_from(purpose, reference)))
    session.save()

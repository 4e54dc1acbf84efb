"""Clients of the console, logged in as the accounts that there are. Each role's: `tests.support.roles`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from audit.roles import Role
from tests.support.recorders import RECORDED, Recorder
from tests.support.roles import choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


@pytest.fixture
def recorder(settings: Settings) -> Iterator[list[dict[str, Any]]]:
    """Who looked at what, as it was recorded: in memory, so that a page needs no log."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, **RECORDED}
    Recorder.forget()
    yield Recorder.said
    Recorder.forget()


@pytest.fixture
def superuser(db: None) -> User:
    """May do all that one person can: manages accounts, and has the roles of who sees most and of who operates. Has no password."""
    user = User.objects.create_superuser("ada")
    user.groups.set(
        Group.objects.filter(name__in=[Role.COMPLIANCE_OFFICER, Role.OPERATOR])
    )
    return user


@pytest.fixture
def officer(superuser: User, recorder: list[dict[str, Any]]) -> Client:
    """A client of theirs, who looks for a child's safety."""
    client = Client()
    client.force_login(superuser)
    choose(client, "safety_review")
    return client


@pytest.fixture
def staff(db: None) -> Client:
    """A client of an account that may enter the console and no more."""
    client = Client()
    client.force_login(User.objects.create_user("bob", is_staff=True))
    return client


@pytest.fixture
def outsider(db: None) -> Client:
    """A client of an account that may not enter."""
    client = Client()
    client.force_login(User.objects.create_user("eve"))
    return client

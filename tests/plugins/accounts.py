"""Clients of the console, logged in as the accounts that there are."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def superuser(db: None) -> User:
    """Sees everything. Has no password: making one would take longer than the test."""
    return User.objects.create_superuser("ada")


@pytest.fixture
def officer(superuser: User) -> Client:
    """A client of a superuser's."""
    client = Client()
    client.force_login(superuser)
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

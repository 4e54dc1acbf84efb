"""The quickstart's superuser gets a new password at every start, and nobody else does by this way."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client

from eventstore.models import IndexComplete
from teddy_es.demo.staff import ACCOUNTS

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

PASSWORDS = ("first-word", "second-word")


@pytest.fixture(autouse=True)
def quickstart(db: None, settings: Settings) -> None:
    """As `./teddy up` has it, but quick to hash."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, "MODE": "quickstart"}
    settings.TEDDY_ADMIN_PASSWORD = PASSWORDS[0]
    hashers = "django.contrib.auth.hashers"
    quick_first = [f"{hashers}.MD5PasswordHasher", f"{hashers}.PBKDF2PasswordHasher"]
    settings.PASSWORD_HASHERS = quick_first
    IndexComplete.objects.get_or_create(id=1)  # no log, so there is no more to fold


def test_it_makes_a_superuser_who_can_log_in() -> None:
    call_command("quickstart_admin")

    assert Client().login(
        request=HttpRequest(), username="admin", password=PASSWORDS[0]
    )
    assert User.objects.get().is_superuser


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_second_run_ends_the_sessions_also_with_the_same_password(
    settings: Settings, password: str
) -> None:
    call_command("quickstart_admin")
    client = Client()
    client.login(request=HttpRequest(), username="admin", password=PASSWORDS[0])
    assert client.get("/admin/").status_code == 200
    settings.TEDDY_ADMIN_PASSWORD = password

    call_command("quickstart_admin")

    assert client.get("/admin/").status_code == 302
    assert Client().login(request=HttpRequest(), username="admin", password=password)
    assert User.objects.count() == 1


def test_it_tells_programs_whether_the_user_is_new() -> None:
    told = []
    for _ in range(2):
        said = StringIO()
        call_command("quickstart_admin", "--json", stdout=said)
        told.append(json.loads(said.getvalue()))

    assert told == [
        {"username": "admin", "made": True, "accounts": []},
        {"username": "admin", "made": False, "accounts": []},
    ]


def test_it_puts_an_admin_right_who_was_switched_off() -> None:
    User.objects.create_user("admin", is_active=False)

    call_command("quickstart_admin")

    assert Client().login(
        request=HttpRequest(), username="admin", password=PASSWORDS[0]
    )


def test_it_is_refused_in_production(settings: Settings) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "MODE": "production"}

    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("quickstart_admin")
    assert not User.objects.exists()


def test_it_needs_a_password(settings: Settings) -> None:
    settings.TEDDY_ADMIN_PASSWORD = ""

    with pytest.raises(CommandError, match="TEDDY_ADMIN_PASSWORD"):
        call_command("quickstart_admin")


def test_each_role_has_an_account_that_may_what_its_role_may_and_no_more(
    settings: Settings,
) -> None:
    settings.TEDDY_ROLE_PASSWORDS = [f"{name}:word-of-{name}" for name in ACCOUNTS]

    call_command("quickstart_admin")

    for name, role in ACCOUNTS.items():
        assert Client().login(
            request=HttpRequest(), username=name, password=f"word-of-{name}"
        )
        user = User.objects.get(username=name)
        assert [group.name for group in user.groups.all()] == [role]
        assert user.is_staff
        assert not user.is_superuser
    ending = User.objects.filter(standing__ends_at__isnull=False)
    assert [user.username for user in ending] == ["auditor"]


def test_a_role_account_gets_back_what_it_was_and_its_sessions_end(
    settings: Settings,
) -> None:
    settings.TEDDY_ROLE_PASSWORDS = [f"operator:{PASSWORDS[1]}"]
    call_command("quickstart_admin")
    client = Client()
    client.login(request=HttpRequest(), username="operator", password=PASSWORDS[1])
    assert client.get("/admin/").status_code == 200
    user = User.objects.get(username="operator")
    user.is_superuser = True
    user.save()
    user.groups.add(Group.objects.get(name="compliance_officer"))

    call_command("quickstart_admin")

    user = User.objects.get(username="operator")
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == ["operator"]
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("given", ["stranger:abracadabra", "officer:", "officer"])
def test_passwords_of_nobody_are_refused_and_not_repeated(
    settings: Settings, given: str
) -> None:
    settings.TEDDY_ROLE_PASSWORDS = [given]

    with pytest.raises(CommandError, match="the names are officer") as refused:
        call_command("quickstart_admin")

    assert "abracadabra" not in str(refused.value)
    assert not User.objects.exists()

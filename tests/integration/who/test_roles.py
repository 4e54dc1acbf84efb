"""Roles are groups that `migrate` makes; capabilities come from them alone; another person gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from audit.access import MUST_END, OF_STAFF, OF_SUPERUSERS, Capability, may
from audit.models import Standing
from audit.roles import ROLES, Role, make_roles
from eventstore.clock import SystemClock
from tests.support.roles import somebody

pytestmark = pytest.mark.django_db
NOBODYS: Final = frozenset({"see_children", "see_payloads", "reveal", "export"})


def capabilities(user: User | AnonymousUser) -> set[Capability]:
    if isinstance(user, User):
        user = User.objects.get(pk=user.pk)
    return {one for one in Capability if may(user, one)}


@pytest.mark.parametrize("role", list(Role))
def test_an_account_has_what_its_role_gives_and_no_more(role: Role) -> None:
    assert capabilities(somebody(role)) == OF_STAFF | ROLES[role]


def test_permissions_and_roles_say_the_same_words() -> None:
    given = frozenset[Capability]().union(*ROLES.values())
    own = Permission.objects.filter(content_type__app_label="audit")

    assert given == set(Capability) - {Capability.ENTER, Capability.MANAGE_ACCOUNTS}
    assert {one.codename for one in own} == {one.value for one in given}
    assert {Role(name) for name in MUST_END} == {Role.EXTERNAL_AUDITOR}


def test_a_role_that_sees_persons_data_does_not_operate_nor_the_other_way_round() -> (
    None
):
    for role, given in ROLES.items():
        assert (role is Role.OPERATOR) == (Capability.OPERATE in given)
    assert not NOBODYS & ROLES[Role.OPERATOR]


def test_a_superuser_sees_nothing_of_anybody() -> None:
    assert capabilities(User.objects.create_superuser("root")) == OF_SUPERUSERS
    assert not OF_SUPERUSERS & {Capability(one) for one in NOBODYS}


def test_permissions_of_ones_own_give_nothing() -> None:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.all())

    assert capabilities(user) == OF_STAFF


@pytest.mark.parametrize("flag", ["is_active", "is_staff"])
def test_a_role_without_an_account_in_use_gives_nothing(flag: str) -> None:
    user = somebody("compliance_officer")
    User.objects.filter(pk=user.pk).update(**{flag: False})

    assert capabilities(user) == set()
    assert capabilities(AnonymousUser()) == set()


def test_an_auditor_has_an_end_or_nothing() -> None:
    user = somebody("external_auditor")
    now = SystemClock().now()
    assert Capability.SEE_LEDGER in capabilities(user)

    Standing.objects.update(ends_at=now + timedelta(days=1))
    assert Capability.SEE_LEDGER in capabilities(user)
    Standing.objects.update(ends_at=now - timedelta(seconds=1))
    assert capabilities(user) == set()
    Standing.objects.all().delete()
    assert capabilities(user) == OF_STAFF


def test_migrate_puts_right_what_a_role_gives() -> None:
    group = Group.objects.get(name="operator")
    group.permissions.set(Permission.objects.all())
    Group.objects.get(name="reviewer").delete()
    other = Group.objects.create(name="an own group")
    other.permissions.set(Permission.objects.filter(codename="see_ledger"))

    make_roles()

    assert {one.codename for one in group.permissions.all()} == {"operate"}
    assert Group.objects.filter(name="reviewer").exists()
    assert other.permissions.count() == 1


def test_a_group_of_ones_own_gives_what_it_has() -> None:
    user = User.objects.create_user("bob", is_staff=True)
    group = Group.objects.create(name="an own group")
    group.permissions.set(Permission.objects.filter(codename="see_ledger"))
    user.groups.add(group)

    assert capabilities(user) == OF_STAFF | {Capability.SEE_LEDGER}


def test_an_upgrade_makes_operators_of_those_who_acted_by_a_permission() -> None:
    old, other = (User.objects.create_user(name, is_staff=True) for name in "ab")
    old.user_permissions.set(Permission.objects.filter(codename="change_subscription"))
    migration = import_module("audit.migrations.0002_operators")

    migration.give_roles(apps, None)

    assert capabilities(old) == OF_STAFF | ROLES[Role.OPERATOR]
    assert capabilities(other) == OF_STAFF


# -- accounts' pages


def form_of(user: User, **changed: Any) -> dict[str, Any]:
    """What the page of an account sends."""
    return {
        "username": user.username,
        "is_active": "on",
        "is_staff": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00",
        "standing-TOTAL_FORMS": "1",
        "standing-INITIAL_FORMS": "0",
        "standing-0-user": str(user.pk),
        **changed,
    }


def page_of(user: User) -> str:
    return reverse("admin:auth_user_change", args=[user.pk])


def test_a_superuser_gives_a_role_and_it_is_recorded(
    officer: Client, superuser: User
) -> None:
    user = User.objects.create_user("olga", is_staff=True)
    reviewer = Group.objects.get(name="reviewer")

    with capture_logs() as lines:
        answer = officer.post(page_of(user), form_of(user, groups=[reviewer.pk]))

    assert answer.status_code == 302
    assert capabilities(user) == OF_STAFF | ROLES[Role.REVIEWER]
    [line] = [one for one in lines if one.get("action") == "account-roles-changed"]
    assert (line["account"], line["by"]) == (user.pk, superuser.pk)
    assert (line["before"], line["after"]) == ([], ["reviewer"])
    said = [entry.get_change_message() for entry in LogEntry.objects.all()]
    assert "Roles: reviewer; before: none." in said


def test_until_when_stands_on_the_same_page(officer: Client) -> None:
    user = User.objects.create_user("olga", is_staff=True)
    auditor = Group.objects.get(name="external_auditor")

    officer.post(
        page_of(user),
        form_of(user, groups=[auditor.pk])
        | {"standing-0-ends_at_0": "2999-01-01", "standing-0-ends_at_1": "00:00"},
    )

    assert Standing.objects.get().ends_at == datetime(2999, 1, 1, tzinfo=UTC)
    assert Capability.SEE_LEDGER in capabilities(user)


def test_nobody_gives_themself_a_role_or_time(officer: Client, superuser: User) -> None:
    Standing.objects.create(user=superuser, ends_at=datetime(2998, 1, 1, tzinfo=UTC))
    before = capabilities(superuser)
    all_of_them = [group.pk for group in Group.objects.all()]

    form = form_of(superuser, groups=all_of_them, is_superuser="on")
    form |= {"standing-INITIAL_FORMS": "1", "standing-0-ends_at_0": "2999-01-01"}
    answer = officer.post(page_of(superuser), form)

    assert answer.status_code == 302
    assert capabilities(superuser) == before
    assert Standing.objects.get().ends_at == datetime(2998, 1, 1, tzinfo=UTC)
    assert 'name="groups"' not in officer.get(page_of(superuser)).text


@pytest.mark.parametrize("role", list(Role))
def test_no_role_gives_accounts(role: Role) -> None:
    assert Capability.MANAGE_ACCOUNTS not in capabilities(somebody(role))


# -- whose a password is

GIVEN, OWN = "given-by-another-person", "known-to-nobody-else"


def logged_in(name: str, password: str) -> Client:
    client = Client(raise_request_exception=False)
    client.post("/admin/login/", {"username": name, "password": password})
    return client


def changes(client: Client, old: str, new: str) -> Any:
    typed = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/admin/password_change/", typed)


def made(officer: Client) -> User:
    typed = {
        "username": "olga",
        "usable_password": "true",
        "password1": GIVEN,
        "password2": GIVEN,
    }
    assert officer.post("/admin/auth/user/add/", typed).status_code == 302
    user = User.objects.get(username="olga")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return user


def test_who_was_given_a_password_has_one_of_their_own_before_any_page(
    officer: Client,
) -> None:
    made(officer)
    olga = logged_in("olga", GIVEN)

    for address in ("/admin/", "/admin/children/", "/admin/auth/user/"):
        answer = olga.get(address)
        assert answer.headers["Location"] == "/admin/password_change/", address
    assert olga.get("/admin/password_change/").status_code == 200
    assert changes(olga, GIVEN, GIVEN).status_code == 400
    assert olga.get("/admin/").status_code == 302
    assert changes(olga, GIVEN, OWN).status_code == 302
    assert olga.get("/admin/").status_code == 200
    assert logged_in("olga", GIVEN).get("/admin/time-zone/").status_code == 302


def test_a_password_that_is_set_anew_is_changed_again(officer: Client) -> None:
    user = made(officer)
    changes(logged_in("olga", GIVEN), GIVEN, OWN)
    again = "set-anew-by-another-person"
    typed = {"usable_password": "true", "password1": again, "password2": again}

    refused = officer.post(
        f"/admin/auth/user/{user.pk}/password/", {**typed, "password2": "x"}
    )
    before = Standing.objects.get(user=user).must_change_password
    officer.post(f"/admin/auth/user/{user.pk}/password/", typed)

    assert (refused.status_code, before) == (200, False)
    olga = logged_in("olga", again)
    assert olga.get("/admin/").headers["Location"] == "/admin/password_change/"


def test_who_sets_the_own_password_is_asked_for_no_other(
    officer: Client, superuser: User
) -> None:
    typed = {"usable_password": "true", "password1": OWN, "password2": OWN}

    officer.post(f"/admin/auth/user/{superuser.pk}/password/", typed)

    assert officer.get("/admin/auth/user/").status_code == 200

"""A session ends at once, in every process, when its account is not what it was; and after a while in which nothing is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from audit.models import Standing
from eventstore.clock import SystemClock
from tests.support.roles import client_of, somebody

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db

PAST: Final = datetime(2026, 1, 1, tzinfo=UTC)


def lose_role(user: User) -> None:
    user.groups.clear()


def get_role(user: User) -> None:
    user.groups.add(Group.objects.get(name="data_protection_officer"))


def become_superuser(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)


def switch_off(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User) -> None:
    user.set_password("another good password")
    user.save()


def end(user: User) -> None:
    Standing.objects.update_or_create(user=user, defaults={"ends_at": PAST})


CHANGES: Final[dict[Callable[[User], None], str]] = {
    lose_role: "may do has changed",
    get_role: "may do has changed",
    become_superuser: "may do has changed",
    switch_off: "switched off",
    change_password: "password has changed",
    end: "time of your account is over",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_every_session_of_a_changed_account_ends_at_once(
    change: Callable[[User], None],
) -> None:
    user, other = somebody("reviewer"), somebody("reviewer")
    clients = [client_of(user), client_of(user)]
    unchanged = client_of(other)
    for client in (*clients, unchanged):
        assert client.get("/admin/").status_code == 200

    change(user)

    for client in clients:
        answer = client.get("/admin/jobs/", follow=True)
        assert answer.redirect_chain == [("/admin/login/?next=/admin/jobs/", 302)]
        assert CHANGES[change] in answer.text
        assert "purpose" not in client.session
        assert CHANGES[change] not in client.get("/admin/login/").text  # said once
    assert unchanged.get("/admin/").status_code == 200


def test_an_account_that_is_switched_on_again_does_not_find_its_session() -> None:
    user = somebody("reviewer")
    client = client_of(user)
    switch_off(user)
    client.get("/admin/")

    User.objects.update(is_active=True)

    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_what_was_typed_meanwhile_is_not_lost_unsaid(
    change: Callable[[User], None],
) -> None:
    user = somebody("operator")
    client = client_of(user, None)
    change(user)

    answer = client.post(
        "/admin/subscriptions/totals/pause/",
        {
            "reason": "typed <b>at length</b>",
            "password": "s3cret",
            "csrfmiddlewaretoken": "t",
        },
    )

    assert answer.status_code == 401
    assert "Nothing was done." in answer.text
    assert "typed &lt;b&gt;at length&lt;/b&gt;" in answer.text
    assert "s3cret" not in answer.text
    assert client.get("/admin/").status_code == 302


def test_a_change_of_ones_own_password_keeps_the_session_that_made_it() -> None:
    user = User.objects.create_user("ada", password="a good password", is_staff=True)  # noqa: S106
    client, other = Client(), client_of(user, None)
    client.force_login(user)

    answer = client.post(
        "/admin/password_change/",
        {
            "old_password": "a good password",
            "new_password1": "a better password!",
            "new_password2": "a better password!",
        },
    )

    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302


# -- nothing was asked for a while


def unused_for(client: Client, seconds: float) -> None:
    session = client.session
    seen = SystemClock().now() - timedelta(seconds=seconds)
    session["seen_at"] = seen.isoformat()
    session.save()


def test_an_idle_session_ends_and_says_so(settings: Settings) -> None:
    settings.TEDDY_SESSION_IDLE = 120
    client = client_of(somebody("reviewer"))

    unused_for(client, 90)
    assert client.get("/admin/").status_code == 200
    unused_for(client, 121)
    answer = client.get("/admin/", follow=True)

    assert "Nothing was asked for 2 minutes." in answer.text
    assert answer.redirect_chain == [("/admin/login/?next=/admin/", 302)]


def test_what_is_asked_keeps_it_awake() -> None:
    client = client_of(somebody("reviewer"))
    unused_for(client, 600)
    before = client.session["seen_at"]

    client.get("/admin/")

    assert client.session["seen_at"] > before


def test_it_is_not_noted_at_each_request() -> None:
    client = client_of(somebody("reviewer"))
    unused_for(client, 10)
    before = client.session["seen_at"]

    client.get("/admin/")

    assert client.session["seen_at"] == before


def test_what_was_typed_in_an_idle_session_is_given_back() -> None:
    client = client_of(somebody("operator"), None)
    unused_for(client, 3_600)

    answer = client.post("/admin/subscriptions/totals/pause/", {"reason": "why"})

    assert answer.status_code == 401
    assert "Nothing was asked for 15 minutes." in answer.text
    assert ">why</textarea>" in answer.text


def test_a_session_from_before_sessions_had_this_ends(settings: Settings) -> None:
    client = client_of(somebody("reviewer"))
    session = client.session
    del session["standing"], session["seen_at"]
    session.save()

    assert client.get("/admin/").status_code == 302


def test_the_way_in_and_out_stays_open() -> None:
    user = User.objects.create_user("ada", password="a good password", is_staff=True)  # noqa: S106
    client = client_of(user, None)
    unused_for(client, 3_600)

    answer = client.post(
        "/admin/login/", {"username": "ada", "password": "a good password"}
    )

    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_the_api_asks_for_no_session() -> None:
    client = client_of(somebody("reviewer"))
    unused_for(client, 3_600)

    answer = client.post("/api/v1/streams/child.a/events", {}, "application/json")

    assert answer.headers["Content-Type"].startswith("application/problem+json")

"""Who may see the console's pages, and that nobody can change anything on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from audit.addresses import event_address

if TYPE_CHECKING:
    from tests.plugins.mirrored import Mirrored

LISTS = ["/admin/streams/", "/admin/events/", "/admin/streams/conversation.conv-1/"]


@pytest.fixture
def pages(mirrored: Mirrored) -> list[str]:
    """Every page that shows what persons did or said."""
    [position] = mirrored.commit()
    return [*LISTS, event_address(position)]


def test_an_events_address_is_its_position(pages: list[str]) -> None:
    assert pages[-1].startswith("/admin/events/eventstore.conversation/")


def test_a_superuser_sees_all_pages(officer: Client, pages: list[str]) -> None:
    for page in ["/admin/", *pages]:
        assert officer.get(page).status_code == 200, page


def test_an_anonymous_visitor_is_sent_to_the_login(pages: list[str]) -> None:
    for page in ["/admin/", "/admin/find/", *pages]:
        answer = Client().get(page)
        assert answer.status_code == 302, page
        assert answer.headers["Location"].startswith("/admin/login/"), page


def test_staff_see_figures_only(staff: Client, pages: list[str]) -> None:
    for page in pages:
        answer = staff.get(page)
        assert answer.status_code == 403, page
        assert "Roles give it" in answer.text
        assert "conv-1" not in answer.text
    overview = staff.get("/admin/")
    assert overview.status_code == 200
    assert "conv-1" not in overview.text
    assert "eventstore.conversation" in overview.text


def test_staff_may_not_look_anything_up(staff: Client, pages: list[str]) -> None:
    assert staff.post("/admin/find/", {"q": "conversation.conv-1"}).status_code == 403


def test_others_do_not_enter(outsider: Client, pages: list[str]) -> None:
    for page in ["/admin/", *pages]:
        assert outsider.get(page).status_code == 302, page


def test_a_superuser_who_was_switched_off_is_out(
    officer: Client, superuser: User, pages: list[str]
) -> None:
    superuser.is_active = False
    superuser.save()

    for page in pages:
        assert officer.get(page).status_code == 302, page


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_nothing_can_be_changed_by_any_method(
    officer: Client, pages: list[str], method: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = officer.cookies

    for page in ["/admin/", *pages]:
        answer = getattr(client, method)(page)
        assert answer.status_code == 405, page
        assert answer.headers["Allow"] == "GET, HEAD"
        assert "append an event that says so" in answer.text


def test_head_is_answered(officer: Client, pages: list[str]) -> None:
    for page in pages:
        assert officer.head(page).status_code == 200


def test_no_table_of_the_store_is_registered() -> None:
    registered = {model._meta.app_label for model in admin.site._registry}

    assert registered == {"auth"}
    for model in apps.get_app_config("eventstore").get_models():
        assert not admin.site.is_registered(model)


@pytest.mark.parametrize("verb", ["add/", "1/change/", "1/delete/", ""])
@pytest.mark.parametrize(
    "model", ["event", "stream", "record", "partition", "logrecord"]
)
def test_there_is_no_stock_page_for_them(
    officer: Client, model: str, verb: str
) -> None:
    assert officer.get(f"/admin/eventstore/{model}/{verb}").status_code == 404


def test_accounts_are_for_superusers_whatever_permissions_say(
    officer: Client, staff: Client
) -> None:
    from django.contrib.auth.models import Permission

    bob = User.objects.get(username="bob")
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))

    assert staff.get("/admin/auth/user/").status_code == 403
    assert staff.get("/admin/auth/user/add/").status_code == 403
    assert officer.get("/admin/auth/user/").status_code == 200

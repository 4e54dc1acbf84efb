"""Every answer carries the strict policy, and no page needs anything that it forbids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.test import Client

from audit.addresses import event_address
from tests.plugins.mirrored import Mirrored, an_event

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django.fixtures import Settings

INLINE = re.compile(
    r"<style|\sstyle\s*=|<script(?![^>]*\ssrc=)|\son[a-z]+\s*=|javascript:|(?:src|href|action)\s*=\s*[\"']?data:",
    re.IGNORECASE,
)


def policy_of(answer: object) -> set[str]:
    headers: dict[str, str] = answer.headers  # type: ignore[attr-defined]
    return {part.strip() for part in headers["Content-Security-Policy"].split(";")}


def hold_to_policy(answer: object) -> None:
    assert "default-src 'self'" in policy_of(answer)
    assert "unsafe" not in str(policy_of(answer))
    text: str = answer.text  # type: ignore[attr-defined]
    assert not INLINE.search(text), INLINE.search(text)


def test_no_page_has_anything_inline(
    officer: Client, mirrored: Mirrored, superuser: User
) -> None:
    [position] = mirrored.commit("conversation.a", an_event(correlation_id=uuid4()))
    for page in (
        "/admin/",
        "/admin/streams/",
        "/admin/streams/conversation.a/",
        "/admin/events/",
        event_address(position),
        "/admin/password_change/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        f"/admin/auth/user/{superuser.pk}/change/",
        f"/admin/auth/user/{superuser.pk}/password/",
        f"/admin/auth/user/{superuser.pk}/history/",
        f"/admin/auth/user/{superuser.pk}/delete/",
    ):
        answer = officer.get(page)
        assert answer.status_code == 200, page
        hold_to_policy(answer)


def test_no_refusal_has_anything_inline(
    officer: Client, staff: Client, mirrored: Mirrored
) -> None:
    refusals = {
        400: officer.get("/admin/events/?after=x"),
        403: staff.get("/admin/events/"),
        404: officer.get("/nowhere"),
        405: officer.post("/admin/events/"),
    }
    for status, answer in refusals.items():
        assert answer.status_code == status
        hold_to_policy(answer)


def test_the_login_and_what_may_go_wrong_there(db: None) -> None:
    hold_to_policy(Client().get("/admin/login/"))
    wrong = Client().post("/admin/login/", {"username": "a", "password": "b"})
    assert 'role="alert"' in wrong.text
    hold_to_policy(wrong)
    expired = Client(enforce_csrf_checks=True).post("/admin/login/", {})
    assert expired.status_code == 403
    assert "This form has expired" in expired.text
    hold_to_policy(expired)


def test_a_bad_host_is_told_so(db: None) -> None:
    answer = Client().get("/admin/login/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    hold_to_policy(answer)


def test_a_broken_server_says_so_without_a_trace(
    officer: Client, mirrored: Mirrored, settings: Settings
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "REGISTRY": ""}
    officer.raise_request_exception = False

    answer = officer.get("/admin/streams/")

    assert answer.status_code == 500
    assert "Something broke" in answer.text
    assert "REGISTRY" not in answer.text
    hold_to_policy(answer)


def test_pages_are_kept_by_no_cache(officer: Client, mirrored: Mirrored) -> None:
    mirrored.commits(1)
    for page in ("/admin/", "/admin/events/", "/admin/streams/conversation.conv-1/"):
        assert "no-store" in officer.get(page).headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/healthz", "/metrics"])
def test_the_probes_carry_it_too(db: None, address: str) -> None:
    assert "default-src 'self'" in policy_of(Client().get(address))

"""Reasons, errors and names that were stored before, or by somebody else: shown with nothing hidden, on pages and terminals."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from tests.integration.pages.test_pages_policy import hold_to_policy
from tests.support.following import Orders, Totals, follow, follower, subscription

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

HIDDEN = "\u034f\u3164\u202e\U000e0041\x1b[31m\x9b"
OLD = """
INSERT INTO eventstore_subscriptionaction (subscription, action, stream_id, detail, reason, done_by, done_at)
VALUES ('totals', 'pause', '', %(text)s, %(text)s, %(text)s, now())
"""


@pytest.fixture
def stored(orders: Orders) -> None:
    """An action with hidden characters wherever a column takes them."""
    orders.place("a", 1)
    follow(follower(subscription(Totals())))
    with connection.cursor() as db:
        db.execute(OLD, {"text": f"a{HIDDEN}b"})


def test_the_page_of_a_subscription(stored: None, officer: Client) -> None:
    answer = officer.get("/admin/subscriptions/totals/")

    assert answer.status_code == 200
    assert not set(HIDDEN) - set("[31m") & set(answer.text)
    assert ">U+3164</span>" in answer.text
    hold_to_policy(answer)


def test_the_terminal(stored: None) -> None:
    out = StringIO()

    call_command("subscriptions", "show", "totals", stdout=out)

    assert not set(HIDDEN) - set("[31m") & set(out.getvalue())
    assert "<U+001B>[31m" in out.getvalue()


def test_the_name_of_an_account_on_djangos_own_pages(officer: Client) -> None:
    User.objects.create_user("ada\u3164")

    answer = officer.get("/admin/auth/user/")

    assert "\u3164" not in answer.text
    assert "U+1160" in answer.text  # as Django normalises it


def test_an_account_gets_no_such_name(officer: Client) -> None:
    form = {
        "username": "eve\u3164",
        "password1": "a good word",
        "password2": "a good word",
    }

    answer = officer.post("/admin/auth/user/add/", form)

    assert "nobody sees (U+1160)" in answer.text
    assert not User.objects.filter(username__startswith="eve").exists()

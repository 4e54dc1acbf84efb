"""What the list of pages promises of a POST holds: an act is recorded with who and why, a question changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.frame.page import (
    Acting,
    Appending,
    Asking,
    Checking,
    Choosing,
    Page,
    Revealing,
)
from audit.pages import PAGES
from audit.subscriptions.acts import ACTS
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import parked_streams
from tests.support.clocks import MovableClock
from tests.support.following import Orders, Totals, follow, follower, subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.test import Client

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

WHY: Final = "it was looked into"
CHANGES: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|TRUNCATE)\b", re.IGNORECASE)
_OTHERS: Final = Appending | Revealing
POSTS: Final = [
    p
    for p in PAGES
    if isinstance(p, Page) and p.post is not None and not isinstance(p.post, _OTHERS)
]
# What has an event appended, or opens what was said: its record is in the log, and its tests are where there is one.
IN_THE_LOG: Final = {
    "child_as_of": "children/test_child_pages.py",
    "reveal": "children/test_child_pages.py",
    "violation_act": "people/test_violation_pages.py",
    "violation_reveal": "people/test_violation_pages.py",
}


@dataclass(frozen=True)
class Sent:
    """A form as somebody sends it: what the route names, what else the address has, and its fields."""

    route: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    status: int = 302


def acts(orders: Orders) -> Sequence[Sent]:
    """Each act on a subscription once."""
    stream = f"?at={parked_streams(Wanted(), 'totals').rows[0].position}"
    asks = {
        "skip": Sent(query=stream, form={"version": "2"}),
        "reset": Sent(form={"to": "beginning", "confirmed": "totals"}),
    }
    return [
        Sent(
            {"name": "totals", "act": act},
            asks.get(act, Sent()).query,
            {"reason": WHY, **asks.get(act, Sent()).form},
        )
        for act in ACTS
    ]


# Of every page that takes a POST: what is sent. A page that is missing here fails.
EXAMPLES: Final[Mapping[str, Callable[[Orders], Sequence[Sent]]]] = {
    "purpose": lambda _: [Sent(form={"purpose": "incident", "reference": "CASE-1"})],
    "ledger": lambda _: [
        Sent(form={"account": "ada"}),
        Sent(form={"child": "nobody"}, status=404),
    ],
    "find": lambda orders: [Sent(form={"q": orders.stream("a")})],
    "subscription_act": acts,
    "stream_verify": lambda orders: [
        Sent({"stream_id": orders.stream("a")}, status=200)
    ],
    "time_zone": lambda _: [Sent(form={"zone": "Europe/Berlin"})],
}


def test_what_is_recorded_in_the_log_has_its_tests() -> None:
    posts = {
        p.name for p in PAGES if isinstance(p, Page) and isinstance(p.post, _OTHERS)
    }

    folder = Path(__file__).parents[1]
    texts = {
        name: (folder / file).read_text("utf-8") for name, file in IN_THE_LOG.items()
    }
    assert posts == texts.keys()
    assert all(".post(" in text for text in texts.values())


@pytest.fixture
def followed(orders: Orders) -> Orders:
    """A subscription with a stream that waits."""
    orders.place("a", 3)
    totals = Totals(poison={("a", 2): ValueError()})
    follow(follower(subscription(totals, retries=()), MovableClock()))
    return orders


def send(client: Client, page: Page, sent: Sent) -> int:
    address = reverse(f"admin:{page.name}", kwargs=dict(sent.route))
    status: int = client.post(f"{address}{sent.query}", dict(sent.form)).status_code
    return status


@pytest.mark.parametrize("posted", POSTS, ids=lambda one: one.name)
def test_a_post_does_what_its_page_says(
    followed: Orders, officer: Client, posted: Page
) -> None:
    for sent in EXAMPLES[posted.name](followed):
        if isinstance(posted.post, Acting):
            before = len(posted.post.recorded(**sent.route))

            assert send(officer, posted, sent) == 302

            [newest, *others] = posted.post.recorded(**sent.route)
            assert len(others) == before, sent.route
            assert (newest.done_by, newest.reason) == ("ada", WHY)
        elif isinstance(posted.post, Choosing):
            assert send(officer, posted, sent) == 302
        else:
            assert isinstance(posted.post, Asking | Checking | Choosing | Revealing)
            with CaptureQueriesContext(connection) as made:
                assert send(officer, posted, sent) == sent.status
            asked = [query["sql"] for query in made.captured_queries]
            changed = [sql for sql in asked if CHANGES.search(sql)]
            own = "django_session" if isinstance(posted.post, Choosing) else None
            assert [sql for sql in changed if not (own and own in sql)] == []


@pytest.mark.parametrize(
    "posted",
    [page for page in POSTS if isinstance(page.post, Acting)],
    ids=lambda one: one.name,
)
def test_nobody_acts_without_the_capability_or_a_reason(
    officer: Client, staff: Client, followed: Orders, posted: Page
) -> None:
    for sent in EXAMPLES[posted.name](followed):
        nameless = Sent(sent.route, sent.query, {**sent.form, "reason": " "})

        assert send(staff, posted, sent) == 403
        assert send(officer, posted, nameless) == 400
        assert isinstance(posted.post, Acting)
        assert not posted.post.recorded(**sent.route)

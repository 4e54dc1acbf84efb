"""Every page, for every kind of account: nothing breaks, no link leads nowhere, and trouble is said on every page alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from audit.addresses import event_address
from audit.roles import ROLES
from audit.subscriptions.acts import ACTS
from eventstore.database import connect
from eventstore.errors import IndexIncomplete
from eventstore.indexer.mark import mark_of
from eventstore.queries import browse
from eventstore.queries.completeness import completed_by
from eventstore.queries.keyset import Wanted
from eventstore.upkeep.jobs import Jobs
from eventstore.upkeep.schedule import SCHEDULE
from scripts.launcher.ports import free_port
from tests.support.clocks import MovableClock
from tests.support.crawling import Crawl
from tests.support.following import Orders, Totals, follow, follower, subscription
from tests.support.roles import choose, client_as

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

ACCOUNTS: Final = (
    *("anonymous", "inactive", "outsider", "staff"),
    *("everything but a role", "superuser", "all roles", "operator"),
)
PROBES: Final = {"healthz", "readyz", "metrics"}  # test_health.py and test_metrics.py


@pytest.fixture
def filled(orders: Orders, recorder: list[dict[str, Any]]) -> str:
    """Streams, one of them parked, and a job that ran. The page of an event."""
    for name in ("a", "b", "c"):
        orders.place(name, 3)
    totals = Totals(poison={("a", 2): ValueError(), ("b", 1): KeyError()})
    follow(follower(subscription(totals, retries=()), MovableClock()))
    Jobs(connect, MovableClock()).run(next(iter(SCHEDULE.values())))
    [newest, *_] = browse.events(Wanted(size=1), browse.EventFilter()).rows
    return event_address(newest.position)


def client_of(kind: str) -> Client:
    """Somebody of this kind, logged in where that can be."""
    if kind in set(ROLES):
        return client_as(kind)
    client = Client(raise_request_exception=False)
    if kind == "anonymous":
        return client
    user = User.objects.create_user(
        "someone",
        is_staff=kind != "outsider",
        is_superuser=kind in ("superuser", "all roles"),
    )
    if kind == "everything but a role":
        user.user_permissions.set(Permission.objects.all())
    if kind == "all roles":
        user.groups.set(Group.objects.all())
    client.force_login(user)
    choose(client, "safety_review")
    if kind == "inactive":
        User.objects.update(is_active=False)
    return client


def routes(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """Every address that the configuration knows, with its parameters as they stand."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        at = f"{before}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, at)
        elif isinstance(one, URLPattern) and one.name not in PROBES:
            yield at


def addresses(event: str) -> list[str]:
    """The same with values that are there, and with some that are not."""
    topic, partition, offset, index = event.strip("/").split("/")[-4:]
    stream = quote(str(browse.streams(Wanted(size=1)).rows[0].stream_id))
    user = User.objects.first()
    there = {
        "<str:topic>": topic, "<int:partition>": partition, "<int:offset>": offset,
        "<int:index>": index, "<str:stream_id>": stream, "<str:name>": "totals",
        "<str:child_id>": "c-1", "<path:violation_id>": "v-1",
        "<str:act>": "pause", "<id>": str(user.pk if user else 1),
        "<path:object_id>": str(user.pk if user else 1), "<int:content_type_id>": "1",
        "^(?P<app_label>auth)/$": "auth/", "(?P<url>.*)$": "no/such/page",
    }  # fmt: skip
    huge = {name: "9" * 25 if "int" in name else "%00%1b" for name in there}
    filled = [_with(there, route) for route in routes()]
    return [
        *filled,
        *(_with(huge | {"(?P<url>.*)$": "x"}, route) for route in routes()),
        *(
            f"{at}?{urlencode({'q': chr(0), 'job': 'x', 'after': 'x'})}"
            for at in filled
        ),
        *(f"/admin/subscriptions/totals/{act}/" for act in ACTS),
    ]


def _with(values: dict[str, str], route: str) -> str:
    for name, value in values.items():
        route = route.replace(name, value)
    return route


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_nothing_breaks_and_no_link_leads_nowhere(filled: str, kind: str) -> None:
    crawl = Crawl(client_of(kind), addresses(filled))

    assert not crawl.broken()
    assert not crawl.dead()
    if kind == "all roles":
        assert {"/admin/auth/user/", filled} <= crawl.seen.keys()


@pytest.mark.parametrize("kind", ["staff", "operator", "all roles"])
def test_an_incomplete_index_is_said_on_every_page_that_needs_it(
    filled: str, kind: str
) -> None:
    def silent() -> None:
        raise IndexIncomplete

    asked = addresses(filled)
    client = client_of(kind)
    before = completed_by(silent)
    try:
        with connection.cursor() as db:
            db.execute("TRUNCATE eventstore_indexcomplete")
            assert mark_of(db) is None
        connection.close()
        crawl = Crawl(client, asked)
        looked_up = client.post("/admin/find/", {"q": "order.a"})
    finally:
        completed_by(before)

    refused = crawl.broken()
    assert {one.status for one in refused.values()} <= {503}
    assert all("index-incomplete" in one.text for one in refused.values())
    if kind == "all roles":
        assert filled in refused
        assert looked_up.status_code == 503
        assert "index-incomplete" in looked_up.text


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_a_database_that_does_not_answer_is_said_on_every_page(
    filled: str, kind: str
) -> None:
    asked = addresses(filled)
    client = client_of(kind)
    there = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(free_port())}
    try:
        crawl = Crawl(client, asked)
        login = client.post("/admin/login/", {"username": "a", "password": "b"})
    finally:
        connection.close()
        connection.settings_dict.update(there)

    refused = crawl.broken()
    assert all(
        one.status == 503 and "The database did not answer" in one.text
        for one in refused.values()
    ), refused
    assert login.status_code == 503
    if kind != "anonymous":
        assert "/admin/" in refused


PASSWORD: Final = "a good password"  # noqa: S105


@pytest.mark.parametrize(
    "target",
    [
        *("https://elsewhere.example/", "//elsewhere.example", "/no/such/page"),
        *("/admin/no/such/page/", "/admin/logout/", "/admin/login/", "javascript:1"),
        *("http://[", "\0", "/accounts/profile/", ""),
    ],
)
def test_a_wrong_next_leads_to_the_overview(target: str) -> None:
    User.objects.create_superuser("ada", password=PASSWORD)
    form = {"username": "ada", "password": PASSWORD, "next": target}

    answer = Client().post(f"/admin/login/?{urlencode({'next': target})}", form)

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/admin/"


def test_a_right_next_leads_there() -> None:
    User.objects.create_superuser("ada", password=PASSWORD)
    form = {"username": "ada", "password": PASSWORD}

    answer = Client().post("/admin/login/?next=/admin/events/%3Ftype%3DX", form)

    assert answer.headers["Location"] == "/admin/events/?type=X"


def test_a_database_that_goes_away_while_the_session_is_saved_is_said_too(
    officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session's middleware stands outside of every view, and so outside of what catches a view's errors."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import OperationalError

    def gone(*_args: object, **_options: object) -> None:
        raise OperationalError

    User.objects.create_superuser("eva", password=PASSWORD)
    client = Client(raise_request_exception=False)
    monkeypatch.setattr(SessionStore, "save", gone)

    answer = client.post("/admin/login/", {"username": "eva", "password": PASSWORD})

    assert answer.status_code == 503
    assert "The database did not answer" in answer.text

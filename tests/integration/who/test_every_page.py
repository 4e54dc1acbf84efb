"""Every page, method, role and object, from the list of pages, against the tables of docs/OPERATIONS.md and nothing of the code's own.

A page that the tables do not name fails; one with a parameter that is unknown here fails, too: say which object there is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.access import actor_of
from audit.frame.page import Page
from audit.pages import PAGES
from audit.roles import Role
from eventstore.clock import SystemClock
from eventstore.models import ParkedStream, SubscriptionAction
from eventstore.queries import browse
from eventstore.queries.keyset import Wanted
from eventstore.queries.positions import packed_of
from tests.support.recorders import Recorder
from tests.support.roles import client_of, somebody
from tests.support.two_households import OURS, THEIRS, settle_both

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_django.fixtures import Settings

    from tests.support.families import Families

pytestmark = pytest.mark.usefixtures("settled")

OWN: Final = [page for page in PAGES if isinstance(page, Page)]
KINDS: Final = (*Role, "staff", "superuser", "outsider", "anonymous")
METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options")
SUBSCRIPTION: Final = "accesses"
PERSONAL: Final = re.compile(rf"words-|\b[ctpv]-({OURS}|{THEIRS})\b|rules/{OURS}")
"""Ids and words of both households: what stands nowhere that an operator sees."""


def section() -> str:
    page = Path(__file__).parents[3] / "docs" / "OPERATIONS.md"
    return (page.read_text("utf-8").partition("\n### Who may see what\n")[2]).partition(
        "\n### "
    )[0]


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


GIVEN: Final = {
    role: quoted(cell) | {"enter"}
    for role, cell in re.findall(r"^\| `(\w+)` \|([^|]*)\|$", section(), re.MULTILINE)
} | {
    "staff": {"enter"},
    "superuser": {"enter", "operate", "manage_accounts"},
    "outsider": set(),
    "anonymous": set(),
}
NEEDED: Final = {
    name: needed
    for needed, cell in re.findall(
        r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", section(), re.MULTILINE
    )
    for name in quoted(cell)
}


@pytest.fixture
def settled(families: Families, settings: Settings) -> None:
    """Two households with something of everything, which the read models know."""
    settle_both(families.store)
    [event] = browse.stream_events(f"child.c-{OURS}", Wanted(size=2)).rows[:1]
    packed = packed_of(event.position)
    now = SystemClock().now()
    ParkedStream.objects.create(
        subscription=SUBSCRIPTION,
        stream_id=event.stream_id,
        partition_id=packed >> 48,
        position=packed,
        version=event.version,
        event_type=event.event_type,
        error="ValueError",
        place="somewhere:1",
        attempts=3,
        failed_at=now,
    )
    SubscriptionAction.objects.create(
        subscription=SUBSCRIPTION,
        action="replay",
        stream_id=event.stream_id,
        position=packed,
        detail="",
        reason="the cause was put right",
        done_by="olga",
        done_at=now,
    )


def client_for(kind: str) -> Client:
    if kind in set(Role):
        return client_of(somebody(kind))
    client = Client(raise_request_exception=False)
    if kind == "anonymous":
        return client
    user = User.objects.create_user(
        kind, is_staff=kind != "outsider", is_superuser=kind == "superuser"
    )
    return client_of(user)


def objects() -> Mapping[str, Mapping[str, str]]:
    """For each name in a route: an object that is there, and one that is not."""
    event = browse.stream_events(f"child.c-{OURS}", Wanted(size=1)).rows[0].position
    there = {
        "stream_id": f"child.c-{OURS}",
        "topic": event.topic,
        "partition": str(event.partition),
        "offset": str(event.offset),
        "index": str(event.index),
        "name": SUBSCRIPTION,
        "act": "pause",
        "child_id": f"c-{OURS}",
        "conversation_id": f"t-{OURS}",
        "violation_id": f"v-{OURS}",
        "actor": "officer-999999",
    }
    foreign = {
        "stream_id": "child.c-nobody",
        "topic": event.topic,
        "partition": "0",
        "offset": "99999",
        "index": "0",
        "name": "no-such",
        "act": "no-such",
        "child_id": "c-nobody",
        "conversation_id": "t-nobody",
        "violation_id": "v-nobody",
        "actor": "officer-888888",
    }
    return {"there": there, "foreign": foreign}


ASKED_WITHIN: Final[Mapping[str, Sequence[tuple[Mapping[str, str], str]]]] = {
    # one's own looks are everybody's, others' are not
    "ledger_of_officer": [({}, "see_ledger")],
    "violation_act": [({"act": "claim"}, "decide"), ({"act": "approve"}, "approve")],
}
"""Pages that ask for more than the list says, by what the address names."""


def addresses(page: Page) -> Iterator[tuple[str, str]]:
    """Its address with each kind of object, or the only one it has; and what such an object takes beside what the page needs."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", page.route)
    for of_kind in objects().values():
        unknown = set(names) - of_kind.keys()
        assert not unknown, f"{page.name}: say in objects() what {unknown} can be."
        for other, needed in ASKED_WITHIN.get(page.name, [({}, "enter")]):
            route = {n: {**of_kind, **other}[n] for n in names}
            yield reverse(f"admin:{page.name}", kwargs=route), needed
        if not names:
            return


def answered(page: Page) -> Sequence[str]:
    return ("get", "head", "post") if page.post is not None else ("get", "head")


def expected(page: Page, method: str, kind: str, within: str) -> str:
    """By the tables alone: sent to the log-in, no such method, refused, or let in."""
    if "enter" not in GIVEN[kind]:
        return "login"
    if method not in answered(page):
        return "no method"
    return "in" if {NEEDED[page.name], within} <= GIVEN[kind] else "refused"


def outcome(answer: Any) -> str:
    if answer.status_code == 302 and answer.headers["Location"].startswith(
        "/admin/login/"
    ):
        return "login"
    return {405: "no method", 403: "refused"}.get(answer.status_code, "in")


def test_every_page_and_role_has_its_rule() -> None:
    assert {page.name for page in OWN} <= NEEDED.keys()
    assert set(Role) <= GIVEN.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_answers_as_the_tables_say(kind: str) -> None:
    client = client_for(kind)
    wrong = []
    for page in OWN:
        for address, within in addresses(page):
            for method in METHODS:
                answer = getattr(client, method)(address)
                found = outcome(answer)
                due = expected(page, method, kind, within)
                if found != due:
                    wrong.append(f"{method} {address}: {found}, not {due}")
                if due != "in" and PERSONAL.search(answer.text):
                    wrong.append(f"{method} {address}: says whose it is")

    assert not wrong
    assert "enter" in GIVEN[kind] or Recorder.said == []


def test_who_may_sees_ids_but_no_words() -> None:
    """So that the search below would find something."""
    client = client_of(somebody("compliance_officer"))

    seen = {
        page.name
        for page in OWN
        if page.shows is not None
        for address, _ in addresses(page)
        if PERSONAL.search(client.get(address).text)
    }

    assert {"streams", "stream", "events", "event", "ledger_of_child"} <= seen


@pytest.mark.parametrize("kind", ["operator", "staff", "superuser"])
def test_an_operator_finds_nothing_of_anybody_on_any_page(kind: str) -> None:
    """The bytes of every page that one of them gets, whichever object it is about, by whichever method."""
    client = client_for(kind)
    told = []
    for page in OWN:
        for address, _ in addresses(page):
            for method in ("get", "post"):
                answer = getattr(client, method)(address)
                found = PERSONAL.search(answer.text)
                told += [(method, address, found[0])] if found else []

    assert not told
    assert Recorder.said == []


def test_a_page_that_shows_persons_data_records_it_and_asks_what_for() -> None:
    """With a purpose each 200 leaves a record of the kind that the page says; without one there is no 200."""
    user = somebody("compliance_officer")
    client, without = client_of(user), client_of(user, None)
    for page in OWN:
        if page.shows is None:
            continue
        for address, _ in addresses(page):
            Recorder.forget()
            assert without.get(address).status_code in {403, 405}, address
            assert Recorder.said == []
            answer = client.get(address)
            if answer.status_code == 200:
                assert page.shows.value in {one["kind"] for one in Recorder.said}, (
                    address
                )
                assert {one["actor"] for one in Recorder.said} == {actor_of(user)}

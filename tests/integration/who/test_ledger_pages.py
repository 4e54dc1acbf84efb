"""Who looked at this child, and what did this person look at: rows of the read model, paged; a look at them is recorded, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.access import actor_of
from audit.access_ledger.queries import (
    Among,
    Look,
    count_at_person,
    looks_at_person,
    looks_of_account,
)
from audit.people.models import Access
from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.events import pack
from eventstore.queries.keyset import Wanted, cursor
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.plugins.mirrored import Mirrored, an_event
from tests.support.panels import listed, rows
from tests.support.roles import client_as, client_of, somebody

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db

START: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LEDGER: Final = "/admin/ledger/"
MOST: Final = 8


def of_child(child: str, **query: str) -> str:
    return f"/admin/ledger/persons/{child}/{_query(query)}"


def of_account(actor: str, **query: str) -> str:
    return f"/admin/ledger/accounts/{actor}/{_query(query)}"


def _query(query: dict[str, str]) -> str:
    return f"?{'&'.join(f'{k}={v}' for k, v in query.items())}" if query else ""


def looked(actor: str, *subjects: str, at: int = 0, **fields: Any) -> None:
    """A look `at` seconds after the start; `place` tells apart what was recorded at the same instant."""
    given = {
        "kind": "view",
        "purpose": "safety_review",
        "actor_kind": "officer",
        "object": None,
        "reference": None,
        **fields,
    }
    place = given.pop("place", at)
    when = given.pop("when", START + timedelta(seconds=at))
    Access.objects.bulk_create(
        Access(
            subject=subject,
            recorded_at=when,
            position=pack(number_of_access(), 0, place),
            actor=actor,
            **given,
        )
        for subject in subjects
    )


def number_of_access() -> int:
    return registry().stream_types["access"].number


@pytest.fixture
def asker(mirrored: Mirrored, recorder: list[dict[str, Any]]) -> Client:
    """Somebody who may see what others looked at."""
    return client_as("data_protection_officer", "complaint", "C-9")


# -- who looked at this child


def test_every_look_says_when_who_what_and_why(
    asker: Client, recorder: list[dict[str, Any]]
) -> None:
    ada, bob = somebody("compliance_officer", "ada"), somebody("reviewer", "bob")
    looked(actor_of(ada), "c-1", at=1, object="child.c-1")
    looked(
        actor_of(bob), "c-1", at=2, kind="reveal", purpose="complaint", reference="C-7"
    )
    looked("backend", "c-1", at=3, actor_kind="service", kind="list")
    looked("officer-999999", "c-1", at=4)
    looked(actor_of(bob), "c-2", at=5)

    answer = asker.get(of_child("c-1"))

    assert [row.recorded_at for row in rows(answer)] == [
        START + timedelta(seconds=n) for n in (4, 3, 2, 1)
    ]
    for said in (
        *("ada", "Compliance officer", "bob", "Reviewer", "a service", "backend"),
        *("no account any more", "Opened what was said", "Complaint", "C-7"),
        *("Safety review", "child.c-1", "2026-11-23 09:00:02", "4 looks"),
    ):
        assert said in answer.text
    assert "c-2" not in answer.text
    [own] = recorder
    assert (own["kind"], own["subjects"], own["object"]) == (
        "list",
        ["c-1"],
        "access-ledger",
    )
    assert (own["purpose"], own["reference"]) == ("complaint", "C-9")


def test_looks_in_a_short_time_stay_apart(asker: Client) -> None:
    for place in range(3):
        looked("officer-1", "c-1", place=place)

    assert len(rows(asker.get(of_child("c-1")))) == 3


def test_looks_are_narrowed_by_purpose_and_days(asker: Client) -> None:
    now = SystemClock().now()
    looked("officer-1", "c-1", place=1, when=now - timedelta(days=2), purpose="audit")
    looked("officer-1", "c-1", place=2, when=now - timedelta(hours=2), purpose="audit")
    looked("officer-1", "c-1", place=3, when=now - timedelta(hours=1))

    def places(**query: str) -> list[int]:
        found = rows(asker.get(of_child("c-1", **query)))
        return [row.position % 2**48 >> 10 for row in found]

    assert places() == [3, 2, 1]
    assert places(purpose="audit") == [2, 1]
    assert places(days="1") == [3, 2]
    assert places(days="1", purpose="audit") == [2]
    assert asker.get(of_child("c-1", purpose="no such")).status_code == 400
    assert asker.get(of_child("c-1", days="2")).status_code == 400


def test_many_looks_are_paged_and_the_filter_stays(asker: Client) -> None:
    for n in range(60):
        looked("officer-1", "c-1", at=n, purpose="audit")
    looked("officer-1", "c-1", at=61)

    first = asker.get(of_child("c-1", purpose="audit"))
    second = asker.get(of_child("c-1", purpose="audit", after=listed(first).next))

    assert len(rows(first)) + len(rows(second)) == 60
    assert "purpose=audit&amp;after=" in first.text
    assert asker.get(of_child("c-1", after="x")).status_code == 400


@pytest.mark.parametrize("looks", [0, 1, 2, 3])
def test_looks_are_counted_so_far_and_no_further(looks: int) -> None:
    for n in range(looks):
        looked("officer-1", "c-1", at=n)

    counted = count_at_person("c-1", Among(), most=2)

    assert counted == (min(looks, 2), looks > 2)


@pytest.mark.parametrize("child", ["a b", "a" * 101, "a.b", "%C3%BC"])
def test_what_is_no_id_is_nobodys(asker: Client, child: str) -> None:
    assert asker.get(of_child(child)).status_code == 404


def test_an_address_holds_no_nul(asker: Client) -> None:
    assert asker.get(of_child("%00")).status_code == 400


# -- what did this person look at


def test_a_look_at_many_persons_is_one_row(
    asker: Client, recorder: list[dict[str, Any]]
) -> None:
    looked(
        "officer-7", *(f"c-{n}" for n in range(5)), at=1, kind="list", object="children"
    )
    looked("officer-7", "c-9", at=2)
    looked("officer-8", "c-8", at=3)

    answer = asker.get(of_account("officer-7"))

    single, many = rows(answer)
    assert (single.persons, single.subject) == (1, "c-9")
    assert (many.persons, many.subject) == (5, "c-0")
    assert "and 4 others" in answer.text
    assert "c-8" not in answer.text
    [own] = recorder
    assert own["object"] == "access.officer-7"
    assert "c-9" in own["subjects"]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_of_any_size_are_the_list(size: int) -> None:
    for n in range(7):
        looked(
            "officer-7", *(f"c-{n}-{m}" for m in range(n % 3 + 1)), at=n // 2, place=n
        )

    whole = looks_of_account(Wanted(size=50), "officer-7", Among()).rows
    found: list[Look] = []
    wanted = Wanted(size=size)
    while True:
        part = looks_of_account(wanted, "officer-7", Among())
        found += part.rows
        back = part.previous and looks_of_account(
            Wanted(before=part.previous, size=size), "officer-7", Among()
        )
        if back:
            assert list(back.rows) == found[-len(part.rows) - size : -len(part.rows)]
        if part.next is None:
            break
        wanted = Wanted(after=part.next, size=size)

    places = [row.position % 2**48 >> 10 for row in whole]
    assert places == list(range(6, -1, -1))
    assert [row.position for row in found] == [row.position for row in whole]
    assert [row.persons for row in whole] == [n % 3 + 1 for n in places]


def test_own_looks_are_everybodys_and_others_take_a_capability(
    mirrored: Mirrored, recorder: list[dict[str, Any]]
) -> None:
    user = somebody("reviewer")
    client = client_of(user)
    looked(actor_of(user), "c-1", at=1)
    looked("officer-999999", "c-2", at=2)

    own = client.get(LEDGER)

    assert [row.subject for row in rows(own)] == ["c-1"]
    assert "ledger-child" not in own.text  # the form that asks for others'
    assert "/admin/ledger/persons/" not in own.text
    assert client.get(of_account(actor_of(user))).status_code == 200
    recorder.clear()
    for address in (of_account("officer-999999"), of_child("c-1")):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "c-2" not in answer.text
    assert recorder == []


def test_an_actor_is_found_by_what_the_ledger_can_name(asker: Client) -> None:
    assert asker.get(of_account("backend-1")).status_code == 200
    for name in ("a b", "a" * 101, "officer.1"):
        assert asker.get(of_account(name)).status_code == 404
    for digits in ("", "1" * 30, "²", "-1"):
        assert asker.get(of_account(f"officer-{digits}")).status_code in {200, 404}


# -- asking


def test_what_is_typed_leads_to_an_address_of_ids(asker: Client) -> None:
    ada = somebody("reviewer", "ada@example.org")

    looked("officer-1", "c-1")

    of_a_child = asker.post(LEDGER, {"child": " c-1 "})
    of_ada = asker.post(LEDGER, {"account": "ada@example.org"})

    assert of_a_child.headers["Location"] == of_child("c-1")
    assert of_ada.headers["Location"] == of_account(actor_of(ada))
    for wrong in ({"child": "a b"}, {"account": "nobody"}, {}, {"account": "\0"}):
        answer = asker.post(LEDGER, wrong)
        assert answer.status_code == 404
        assert "nobody" not in answer.text.partition("<main")[2].partition("</main")[0]


def test_what_the_read_model_does_not_know_yet_is_said(
    asker: Client, mirrored: Mirrored
) -> None:
    looked("officer-1", "c-1")
    mirrored.commit("access.officer-1", an_event("DataAccessed", data={"actor": "x"}))

    assert "not all of them stand here yet" in asker.get(of_child("c-1")).text


# -- what it costs


@pytest.mark.parametrize("address", [LEDGER, of_child("c-7"), of_account("officer-7")])
def test_a_page_costs_at_most_eight_queries(asker: Client, address: str) -> None:
    user = somebody("reviewer")
    for n in range(60):
        looked(actor_of(user) if n % 2 else "officer-7", "c-7", f"d-{n}", at=n)

    with CaptureQueriesContext(connection) as made:
        assert asker.get(address).status_code == 200

    assert len(made) <= MOST, [query["sql"][:80] for query in made.captured_queries]


FILL: Final = """
    INSERT INTO people_access (subject, recorded_at, position, kind, purpose, actor, actor_kind)
    SELECT 'c-' || n % 100, '2026-11-20T00:00Z'::timestamptz + n / 3 * interval '1 second', n / 3, 'view',
           CASE WHEN n / 3 % 2 = 0 THEN 'audit' ELSE 'incident' END, 'officer-' || n / 3 % 20, 'officer'
      FROM generate_series(1, 20000) n;
    ANALYZE people_access;
"""
MIDDLE: Final = datetime(2026, 11, 20, 0, 50, tzinfo=UTC)
AFTER, BEFORE = (
    Wanted(after=cursor((MIDDLE, 3_000)), size=10),
    Wanted(before=cursor((MIDDLE, 3_000)), size=10),
)
SOME = Among("audit", MIDDLE - timedelta(days=1), MIDDLE)
QUESTIONS: Final[dict[str, tuple[Callable[[], object], str]]] = {
    f"{name} {way} {'some' if among is SOME else 'all'}": (
        lambda ask=ask, wanted=wanted, among=among: ask(wanted, among),
        index,
    )
    for name, ask, index in (
        ("person", lambda w, a: looks_at_person(w, "c-7", a), "people_access_pkey"),
        (
            "account",
            lambda w, a: looks_of_account(w, "officer-7", a),
            "people_access_actor",
        ),
    )
    for way, wanted in (
        ("first", Wanted(size=10)),
        ("after", AFTER),
        ("before", BEFORE),
    )
    for among in (Among(), SOME)
} | {
    "count": (lambda: count_at_person("c-7", Among(), most=50), "people_access_"),
}


def test_an_index_answers_each_question_in_its_order() -> None:
    with connection.cursor() as db:
        db.execute(FILL)

    for name, (ask, index) in QUESTIONS.items():
        asked = [node for plan in plans(ask) for node in nodes(plan)]
        kinds = {node["Node Type"] for node in asked}
        used = {node["Index Name"] for node in asked if "Index Name" in node}
        assert used, name
        assert all(one.startswith(index) for one in used), (name, used)
        assert not kinds & {"Seq Scan", "Sort", "Incremental Sort"}, (name, kinds)


@pytest.mark.parametrize("typed", ["number", "name", "capital"])
@pytest.mark.usefixtures("families")
def test_an_account_is_found_by_its_name_and_by_its_number(typed: str) -> None:
    ada = somebody("reviewer", "ada")
    actor = actor_of(ada)
    words = {"number": actor, "name": "ada", "capital": actor.capitalize()}
    client = client_as("external_auditor")

    answer = client.post("/admin/ledger/", {"account": words[typed]}, follow=True)

    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == f"/admin/ledger/accounts/{actor}/"
    assert f"What ada ({actor}) looked at" in answer.text


@pytest.mark.usefixtures("families")
def test_a_number_that_no_account_has_is_refused() -> None:
    answer = client_as("external_auditor").post(
        "/admin/ledger/", {"account": "officer-999999999"}
    )

    assert answer.status_code == 404

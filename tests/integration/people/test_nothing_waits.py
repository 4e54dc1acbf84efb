"""A checkpoint passes what it parks, so that a read model seems to be at the log's end: no page says of one that parks that nothing waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.people.approvals import Approvals
from audit.people.violations import Violations
from tests.support.families import ALL, Families, handle
from tests.support.parking import park, replay
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def officer(families: Families) -> Client:
    del families
    return client_as("compliance_officer")


def words(text: str) -> str:
    return " ".join(text.split())


def test_today_says_of_a_parked_detection_that_not_all_is_handled(
    families: Families, officer: Client
) -> None:
    handle()
    nothing = officer.get("/admin/").text
    families.detects("c-1", "v-1", severity="critical")
    park(Violations)

    said = words(officer.get("/admin/").text)
    for_others = words(client_as("operator").get("/admin/").text)

    assert "Nothing waits" in nothing
    assert "Nothing waits" not in said
    assert "None is known" in said
    assert "may not stand here yet" in said
    for page in (said, for_others):
        assert "not all that was found is handled" in page
        assert '<dd class="value">0</dd> <dd class="small">0 overdue' not in page


def test_today_counts_no_more_than_at_least_while_a_detection_is_parked(
    families: Families, officer: Client
) -> None:
    families.detects("c-1", "v-1")
    handle()
    families.detects("c-2", "v-2")
    park(Violations)

    assert "at least: not all that was found is handled" in officer.get("/admin/").text


@pytest.mark.parametrize(
    "query", ["", "tab=mine", "tab=second", "severity=low&overdue=yes"]
)
def test_the_queue_says_of_a_parked_detection_that_none_is_known(
    families: Families, officer: Client, query: str
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    park(Violations)

    said = officer.get(f"/admin/violations/?{query}").text

    assert "None is known" in said
    assert "may not stand here yet" in said
    for none in ("No open violation", "You have claimed none", "None fits"):
        assert none not in said


def test_what_waits_for_a_second_person_may_be_parked(
    families: Families, officer: Client
) -> None:
    handle()
    nothing = officer.get("/admin/approvals/").text
    families.asks("a-1")
    behind = officer.get("/admin/approvals/").text
    park(Approvals)

    parked = officer.get("/admin/approvals/").text

    assert "Nothing waits" in nothing
    assert "may not stand here yet" not in nothing
    for said in (behind, parked):
        assert "Nothing waits" not in said
        assert "may not stand here yet" in said
    replay(Approvals)
    assert "Close a violation" in officer.get("/admin/approvals/").text


def test_a_violation_says_that_its_request_may_be_parked(
    families: Families, officer: Client
) -> None:
    families.detects("c-1", "v-1")
    handle()
    page = "/admin/violations/c-1/case/v-1/"
    before = officer.get(page).text
    families.asks("a-1")
    park(Approvals)

    assert "may not stand here yet" not in before
    assert "may not stand here yet" in officer.get(page).text


def test_the_line_over_a_page_says_no_more_than_it_knows(
    families: Families, officer: Client
) -> None:
    handle()
    whole = officer.get("/admin/").text
    families.detects("c-1", "v-1")
    handle(*[name for name in ALL if name != "violations"])
    park(Violations)

    said = officer.get("/admin/").text

    assert "Read models up to date" in whole
    assert "Read models up to date" not in said
    assert "violations: events wait to be handled" in said


def test_to_know_whether_all_is_handled_costs_today_no_query_more(
    families: Families, officer: Client
) -> None:
    families.detects("c-1", "v-1")
    handle()
    officer.get("/admin/")  # a process's first read asks more

    with CaptureQueriesContext(connection) as made:
        said = officer.get("/admin/").text

    assert "First in the queue" in said
    assert len(made) <= 8, [query["sql"][:80] for query in made.captured_queries]

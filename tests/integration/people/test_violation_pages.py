"""The queue and a violation's page, as officers use them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.access import actor_of
from audit.violations import acts, one
from audit.violations.acts import Case, Decided
from audit.violations.catching_up import has_caught_up
from eventstore.clock import SystemClock
from eventstore.errors import KeyStoreUnavailable, LogUnavailable
from eventstore.opening import KeyOpener
from eventstore.store import EventStore, get_event_store
from eventstore.testing.memory_keys import keys_of_this_process
from teddy_es.domain.conversation import TeddyReplied
from teddy_es.domain.violations import SafetyViolationReopened
from tests.support.families import handle
from tests.support.recorders import Recorder
from tests.support.roles import client_as, client_of, somebody

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from tests.support.families import Families

CASE = Case("c-1", "v-1")
PAGE = "/admin/violations/c-1/case/v-1/"
TYPED = "Zwetschgenkuchen <b>&"


def do(act: str) -> str:
    return f"/admin/violations/c-1/do/{act}/v-1/"


@pytest.fixture(autouse=True)
def _followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The read models follow at once, as workers have them do."""

    def follows(_case: Case) -> bool:
        handle("violations", "approvals")
        return True

    monkeypatch.setattr(one, "has_caught_up", follows)


@pytest.fixture
def ada(families: Families) -> User:
    return somebody("compliance_officer", "ada")


@pytest.fixture
def bo(families: Families) -> User:
    return somebody("compliance_officer", "bo")


def fields(text: str, act: str) -> dict[str, str]:
    """The hidden ones of this act's form on a page."""
    [form] = re.findall(rf'action="{re.escape(do(act))}".*?</form>', text, re.DOTALL)
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="(\d*)")?', form)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def send(client: Client, act: str, page: str | None = None, **typed: str) -> Any:
    text = client.get(PAGE).text if page is None else page
    return client.post(do(act), {**fields(text, act), **typed}, follow=True)


def test_the_queue_comes_by_the_time_that_is_left(families: Families) -> None:
    now = SystemClock().now()
    families.detects("c-1", "v-low", severity="low")
    families.detects("c-2", "v-high", severity="high")
    families.detects("c-3", "v-critical", severity="critical")
    early = now - timedelta(hours=23, minutes=50)
    families.happens(
        "child.c-4",
        acts_detected("v-late-low", "low"),
        occurred_at=early,
    )
    families.detects("c-5", "v-unset", severity="low")
    about = {"violation_id": "v-unset", "officer": "o"}
    unset = datetime(1970, 1, 1, tzinfo=UTC)
    families.happens("child.c-5", SafetyViolationReopened(**about), occurred_at=unset)
    handle("violations")

    text = client_as("compliance_officer").get("/admin/violations/").text

    order = re.findall(r'<span class="quiet mono">(v-[\w-]+)</span>', text)
    assert order == ["v-unset", "v-late-low", "v-critical", "v-high", "v-low"]
    assert "Unknown" in text
    [said] = Recorder.said
    assert (said["kind"], said["object"]) == ("list", "violations")
    assert said["subjects"] == [f"c-{n}" for n in range(1, 6)]


def acts_detected(violation: str, severity: Any) -> Any:
    from teddy_es.domain.violations import SafetyViolationDetected

    return SafetyViolationDetected(
        violation_id=violation, category="other", severity=severity, detector="d/1"
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"v-1", "v-2", "v-3"}),
        ("severity=critical", {"v-2"}),
        ("category=other", {"v-3"}),
        ("detector=d/1", {"v-3"}),
        ("claimed=me", {"v-1"}),
        ("claimed=nobody", {"v-2", "v-3"}),
        ("tab=mine", {"v-1"}),
        ("tab=second", {"v-3"}),
        ("tab=closed", {"v-4"}),
        ("overdue=yes", set()),
        ("since=2000-01-01&until=2999-01-01", {"v-1", "v-2", "v-3"}),
        ("until=2000-01-01", set()),
        ("since=2999-01-01", set()),
        ("tab=closed&overdue=yes", set()),
    ],
)
def test_the_queue_is_narrowed(
    families: Families, ada: User, query: str, expected: set[str]
) -> None:
    seen = families.detects("c-1", "v-1").last_version
    acts.claim(CASE, actor_of(ada), seen=seen)
    families.detects("c-1", "v-2", severity="critical")
    seen = families.happens("child.c-2", acts_detected("v-3", "high")).last_version
    acts.decide(Case("c-2", "v-3"), "officer-0", Decided("confirmed"), seen=seen)
    seen = families.detects("c-3", "v-4", severity="low").last_version
    acts.decide(Case("c-3", "v-4"), "officer-0", Decided("confirmed"), seen=seen)
    handle("violations", "approvals")

    text = client_of(ada).get(f"/admin/violations/?{query}").text

    assert set(re.findall(r'<span class="quiet mono">(v-\d)</span>', text)) == expected


@pytest.mark.parametrize(
    "query",
    [
        "tab=x",
        "severity=x",
        "category=x",
        "detector=a b",
        "claimed=x",
        "overdue=no",
        "since=x",
        "until=2026-02-30",
        "until=9999-12-31",
        "since=0001-01-01",
        "after=x",
    ],
)
def test_what_no_queue_can_be_narrowed_by_is_refused(
    families: Families, query: str
) -> None:
    answer = client_as("reviewer").get(f"/admin/violations/?{query}")

    assert answer.status_code == 400


def test_a_case_is_claimed_decided_and_reopened(families: Families, ada: User) -> None:
    families.detects("c-1", "v-1", severity="medium")
    handle("violations")
    client = client_of(ada)

    claimed = send(client, "claim")
    assert "You have claimed it." in claimed.text
    assert "Claimed by you" in claimed.text
    given_back = send(client, "give-back")
    assert "Unclaimed" in given_back.text
    seen = send(client, "acknowledge")
    assert "Seen by you" not in seen.text.split("steps-h")[0]
    closed = send(client, "decide", outcome="false_positive", clause="4.1", note=TYPED)
    assert "Closed as you decided: False positive" in closed.text
    assert "Zwetschgenkuchen" not in closed.text
    again = send(client, "reopen", note="look again")
    assert "Reopened by you" in again.text

    last = [*get_event_store().read("child.c-1")][-1]
    assert last.data == {"violation_id": "v-1", "officer": actor_of(ada)}


def test_what_is_severe_is_closed_by_a_second_person(
    families: Families, ada: User, bo: User
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")

    asked = send(client_of(ada), "decide", outcome="confirmed", note="n").text
    assert "Second person</span>" in asked
    assert do("approve") not in asked
    assert "Nobody answers what they asked for" in asked
    forged = client_of(ada).post(do("approve"), fields(asked, "withdraw"))
    assert forged.status_code == 409
    assert "Nobody decides what they asked for" in forged.text

    waiting = client_of(bo).get("/admin/approvals/").text
    assert PAGE in waiting
    closed = send(client_of(bo), "approve")
    assert "You agreed, and it is closed." in closed.text
    assert PAGE not in client_of(bo).get("/admin/approvals/").text


def test_a_second_person_refuses_with_a_reason(
    families: Families, ada: User, bo: User
) -> None:
    families.detects("c-1", "v-1", severity="high")
    handle("violations")
    page = send(client_of(ada), "decide", outcome="confirmed", note="n").text
    page = client_of(bo).get(PAGE).text

    silent = send(client_of(bo), "refuse", page, note=" ")
    assert silent.status_code == 400
    refused = send(client_of(bo), "refuse", page, note="look at turn 3")
    assert "You did not agree; it stays open." in refused.text
    assert do("decide") in client_of(ada).get(PAGE).text


def test_who_is_told_that_somebody_was_quicker_loses_nothing_that_was_typed(
    families: Families, ada: User, bo: User
) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")
    page = client_of(ada).get(PAGE).text
    send(client_of(bo), "claim", page)

    answer = send(
        client_of(ada), "decide", page, outcome="confirmed", clause="4.2", note=TYPED
    )

    assert answer.status_code == 409
    assert f"Claimed by {actor_of(bo)}" in answer.text
    assert "Zwetschgenkuchen &lt;b&gt;&amp;</textarea>" in answer.text


def test_what_was_typed_stays_also_where_it_cannot_be_decided_now(
    families: Families, ada: User, bo: User
) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")
    page = client_of(ada).get(PAGE).text
    send(client_of(bo), "decide", page, outcome="confirmed", note="quick")

    answer = send(client_of(ada), "decide", page, outcome="confirmed", note=TYPED)

    assert answer.status_code == 409
    assert f"Closed as {actor_of(bo)} decided" in answer.text
    assert "Zwetschgenkuchen &lt;b&gt;&amp;" in answer.text


def test_a_log_that_does_not_answer_loses_nothing_that_was_typed(
    families: Families, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")
    page = client_of(ada).get(PAGE).text
    reason = "it is down"

    def silent(*_: Any, **__: Any) -> Any:
        raise LogUnavailable(reason)

    monkeypatch.setattr(EventStore, "append", silent)
    answer = send(client_of(ada), "decide", page, outcome="confirmed", note=TYPED)

    assert answer.status_code == 503
    assert "Zwetschgenkuchen &lt;b&gt;&amp;" in answer.text
    assert "log-unavailable" in answer.text


def test_a_form_that_lacks_something_keeps_the_rest(
    families: Families, ada: User
) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")

    answer = send(client_of(ada), "decide", clause="not a code", note=TYPED)

    assert answer.status_code == 400
    assert "Choose what it was." in answer.text
    assert "A clause is a short code" in answer.text
    assert "Zwetschgenkuchen &lt;b&gt;&amp;" in answer.text


@pytest.fixture
def talk(families: Families) -> None:
    """Thirty messages, the fifteenth of which is found."""
    texts = [f"message number {n}" for n in range(30)]
    families.talks("t-1", "c-1", *texts)
    families.happens(
        "conversation.t-1", TeddyReplied(child_id="c-2", text="another child")
    )
    families.detects(
        "c-1", "v-1", severity="low", conversation_id="t-1", message_id="15",
        excerpt="what was found",
    )  # fmt: skip
    handle("violations")


@pytest.mark.usefixtures("talk")
def test_ten_messages_stand_round_it_and_are_masked() -> None:
    text = client_as("reviewer").get(PAGE).text

    shown = [int(n) for n in re.findall(r'<li class="turn" id="v(\d+)"', text)]
    assert shown == list(range(5, 26))
    assert text.count("Found here") == 1
    assert "message number" not in text
    assert "what was found" not in text
    assert {said["kind"] for said in Recorder.said} == {"view"}


@pytest.mark.usefixtures("talk")
def test_what_is_revealed_is_recorded_before_and_no_more_is_opened() -> None:
    client = client_as("reviewer", "incident", "CASE-7")
    reveal = "/admin/violations/c-1/reveal/v-1/"

    one_message = client.post(reveal, {"message": "15"})
    all_messages = client.post(reveal, {"message": "all"}).text
    notes = client.post(reveal, {"message": "notes"}).text

    assert one_message.text.count("message number") == 1
    assert "no-store" in one_message.headers["Cache-Control"]
    assert all_messages.count("message number") == 21
    assert "what was found" in notes
    assert "message number" not in notes
    kinds = [(said["kind"], said["object"], said["purpose"]) for said in Recorder.said]
    assert kinds == [
        ("reveal", "conversation.t-1", "incident"),
        ("reveal", "conversation.t-1", "incident"),
        ("reveal", "child.c-1", "incident"),
    ]
    assert client.get(reveal).status_code == 302
    assert client.post(reveal, {"message": "x"}).status_code == 400


@pytest.mark.usefixtures("talk")
def test_what_names_another_child_is_not_shown(families: Families) -> None:
    families.detects(
        "c-1", "v-2", severity="low", conversation_id="t-1", message_id="32"
    )
    handle("violations")
    client = client_as("reviewer")

    text = client.post("/admin/violations/c-1/reveal/v-2/", {"message": "all"}).text

    assert "names another child" in text
    assert "another child</p>" not in text.replace("names another child", "")


@pytest.mark.parametrize(
    ("role", "act", "status"),
    [
        ("external_auditor", "claim", 403),
        ("data_protection_officer", "decide", 403),
        ("reviewer", "approve", 403),
        ("operator", "claim", 403),
        ("reviewer", "dance", 404),
    ],
)
def test_nobody_acts_without_the_capability(
    families: Families, role: str, act: str, status: int
) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")

    answer = client_as(role).post(do(act), {"seen": "1"})

    assert answer.status_code == status
    assert len([*get_event_store().read("child.c-1")]) == 1


def test_a_violation_that_is_not_there_is_not_there(families: Families) -> None:
    client = client_as("reviewer")

    assert client.get(PAGE).status_code == 404
    assert client.post(do("claim"), {"seen": "1"}).status_code == 404
    assert not Recorder.said


def test_pages_ask_the_database_little(families: Families, ada: User) -> None:
    families.talks("t-1", "c-1", *("hello" for _ in range(30)))
    [*_, said] = get_event_store().read("conversation.t-1")
    message = str(said.metadata.event_id)
    families.detects("c-1", "v-1", conversation_id="t-1", message_id=message)
    handle("violations")
    client = client_of(ada)
    send(client, "decide", outcome="confirmed", note="n")
    asked = {}
    for address in (
        "/admin/violations/",
        "/admin/violations/record/",
        PAGE,
        "/admin/approvals/",
    ):
        with CaptureQueriesContext(connection) as made:
            assert client.get(address).status_code == 200
        asked[address] = [str(query["sql"])[:90] for query in made.captured_queries]

    assert {at: queries for at, queries in asked.items() if len(queries) > 8} == {}


def test_the_record_says_of_a_month_what_was_in_time(families: Families) -> None:
    now = SystemClock().now()
    seen = families.detects("c-1", "v-1", severity="low").last_version
    acts.decide(CASE, "o", Decided("confirmed"), seen=seen)
    late = now - timedelta(days=3)
    families.happens("child.c-1", acts_detected("v-2", "low"), occurred_at=late)
    families.detects("c-1", "v-3", severity="low")
    unset = datetime(1970, 1, 1, tzinfo=UTC)
    families.happens("child.c-1", acts_detected("v-4", "low"), occurred_at=unset)
    handle("violations")

    text = client_as("operator").get("/admin/violations/record/").text

    [low] = re.findall(r"<tr[^>]*>(?:(?!<tr).)*Low.*?</tr>", text, re.DOTALL)
    cells = re.findall(r'class="num"[^>]*>(?:<span[^>]*>)?([\d,]+)', low)
    assert cells == ["4", "1", "1", "1", "1"]
    assert (
        client_as("operator").get("/admin/violations/record/?month=x").status_code
        == 400
    )


def test_it_is_waited_for_in_bounds(families: Families) -> None:
    families.detects("c-1", "v-1")
    handle("violations")
    assert has_caught_up(CASE, patience_s=0)

    families.detects("c-1", "v-2")

    assert not has_caught_up(CASE, patience_s=0)


@pytest.mark.parametrize("severity", ["low", "critical"])
def test_a_case_of_an_erased_child_can_be_decided_without_a_note(
    families: Families, ada: User, bo: User, severity: str
) -> None:
    child = f"erased-{severity}"  # the keys are this process's: nobody else's child
    families.talks(f"t-{child}", child, "hello")
    families.detects(
        child, "v-1", severity=severity, conversation_id=f"t-{child}", message_id="2"
    )
    handle("violations")
    keys_of_this_process().erase(child, request="r-1")
    typed = {"seen": "1", "outcome": "confirmed", "note": TYPED}
    do_it = f"/admin/violations/{child}/do/decide/v-1/"

    refused = client_of(ada).post(do_it, typed)
    assert refused.status_code == 410
    assert "This child is erased" in refused.text
    assert "Zwetschgenkuchen &lt;b&gt;&amp;" in refused.text
    done = client_of(ada).post(do_it, {**typed, "without_note": "on"}, follow=True)
    if severity == "critical":
        case = Case(child, "v-1")
        acts.answer(case, actor_of(bo), "approved", seen=3, request_seen=1)
        handle("violations")
        done = client_of(bo).get(f"/admin/violations/{child}/case/v-1/")
    assert "Closed as" in done.text
    text = (
        client_of(bo)
        .post(f"/admin/violations/{child}/reveal/v-1/", {"message": "all"})
        .text
    )
    assert "Erased: its key is destroyed" in text


@pytest.mark.usefixtures("talk")
def test_a_key_store_that_does_not_answer_is_said_and_nothing_reads_as_empty(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise KeyStoreUnavailable

    monkeypatch.setattr(KeyOpener, "prepare", silent)
    monkeypatch.setattr(KeyOpener, "open", silent)
    for asked in ("15", "all", "notes"):
        answer = client_of(ada).post(
            "/admin/violations/c-1/reveal/v-1/", {"message": asked}
        )

        assert answer.status_code == 503
        assert "The key store does not answer" in answer.text
        assert answer.text.count("Hidden, ") == 21


@pytest.mark.usefixtures("talk")
def test_what_was_written_is_shown_as_text(ada: User) -> None:
    hostile = "<script>alert(1)</script>\u202e😀 " + "x" * 3_900
    send(client_of(ada), "decide", outcome="confirmed", note=hostile)

    text = (
        client_of(ada)
        .post("/admin/violations/c-1/reveal/v-1/", {"message": "notes"})
        .text
    )

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("place", ["child_id", "violation_id"])
def test_what_can_be_no_id_is_not_there(families: Families, place: str) -> None:
    ids = {"child_id": "c-1", "violation_id": "v-1", place: "é" * 300}
    address = reverse("admin:violation", kwargs=ids)

    assert client_as("reviewer").get(address).status_code == 404


@pytest.mark.parametrize("month", ["0001-01", "1969-12", "9999-12", "9998-12"])
def test_a_month_at_the_end_of_the_calendar_is_refused(
    families: Families, month: str
) -> None:
    answer = client_as("operator").get(f"/admin/violations/record/?month={month}")

    assert answer.status_code == 400

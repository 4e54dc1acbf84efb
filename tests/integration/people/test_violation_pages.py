"""The queue and a violation's page, as officers use them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import formats
from audit.access import actor_of
from audit.approvals import asking
from audit.people.models import Approval, Violation
from audit.violations import acts, one
from audit.violations.acts import Case, Decided
from audit.violations.catching_up import has_caught_up
from audit.violations.columns import percent
from eventstore.clock import SystemClock
from eventstore.errors import KeyStoreUnavailable, LogUnavailable
from eventstore.opening import KeyOpener
from eventstore.store import EventStore, get_event_store
from eventstore.testing.memory_keys import keys_of_this_process
from teddy_es.domain.conversation import TeddyReplied
from teddy_es.domain.violations import (
    SafetyViolationEscalated,
    SafetyViolationReopened,
)
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
        "since=9999-12-31",
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
    assert "Decision proposed</span>" in asked
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


def test_who_proposed_it_may_not_answer_though_another_asked(
    families: Families, ada: User, bo: User
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")
    send(client_of(ada), "decide", outcome="confirmed", note="n")
    send(client_of(ada), "withdraw")

    asked = send(client_of(bo), "ask-again").text
    page = client_of(ada).get(PAGE).text

    assert "A second person is asked." in asked
    assert f"Proposed by {actor_of(ada)}" in said_of(asked)
    assert do("approve") not in page
    assert do("refuse") not in page
    assert "Nobody answers what they proposed" in page
    forged = client_of(ada).post(do("approve"), {"seen": "3", "request": "3"})
    assert forged.status_code == 409


@pytest.mark.parametrize(
    ("seen", "status"), [("3000000000", 400), ("2", 409), ("2147483647", 409)]
)
def test_nobody_is_asked_about_a_version_that_proposes_nothing(
    families: Families, ada: User, bo: User, seen: str, status: int
) -> None:
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")
    send(client_of(ada), "decide", outcome="confirmed", note="n")
    send(client_of(ada), "withdraw")

    answer = client_of(bo).post(do("ask-again"), {"seen": seen})

    assert answer.status_code == status
    handle("approvals")
    assert "No second person is asked" in client_of(ada).get(PAGE).text


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


@pytest.mark.parametrize(
    ("act", "says"),
    [
        ("approve", "You agreed, but it is not closed"),
        ("refuse", "That you do not agree is recorded"),
    ],
)
def test_an_answer_says_what_became_of_it(
    families: Families,
    ada: User,
    bo: User,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    says: str,
) -> None:
    families.detects("c-1", "v-1", severity="high")
    handle("violations")
    send(client_of(ada), "decide", outcome="confirmed", note="n")
    page = client_of(bo).get(PAGE).text
    answer, check = asking.answer, asking.check

    def behind_a_claim(*given: Any, **more: Any) -> Any:
        if act == "approve":
            acts.claim(CASE, actor_of(ada), seen=3)
        return answer(*given, **more)

    def before_it_is_withdrawn(*given: Any, **more: Any) -> None:
        check(*given, **more)
        acts.withdraw(CASE, actor_of(ada), seen=3, request_seen=1)

    monkeypatch.setattr(asking, "answer", behind_a_claim)
    monkeypatch.setattr(asking, "check", before_it_is_withdrawn)
    text = send(client_of(bo), act, page, note="look again").text

    assert says in text
    assert "it is closed." not in text
    assert "Nothing was recorded" not in text


def test_a_refusal_of_what_was_taken_back_records_nothing_and_says_so(
    families: Families, ada: User, bo: User
) -> None:
    families.detects("c-1", "v-1", severity="high")
    handle("violations")
    send(client_of(ada), "decide", outcome="confirmed", note="n")
    page = client_of(bo).get(PAGE).text
    send(client_of(ada), "withdraw")

    answer = send(client_of(bo), "refuse", page, note=TYPED)

    assert answer.status_code == 409
    assert "Nothing was recorded" in answer.text
    assert "Zwetschgenkuchen &lt;b&gt;&amp;" in answer.text
    assert do("ask-again") in client_of(ada).get(PAGE).text


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
    assert f"Claimed by {actor_of(bo)}" in said_of(answer.text)
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
    assert f"Closed as {actor_of(bo)} decided" in said_of(answer.text)
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
        ("reveal", "conversation.t-1/15", "incident"),
        ("reveal", "conversation.t-1/5-25", "incident"),
        ("reveal", "child.c-1", "incident"),
    ]
    assert client.get(reveal).status_code == 302
    assert client.post(reveal, {"message": "x"}).status_code == 400
    assert client.post(reveal, {"message": "4"}).status_code == 404
    assert len(Recorder.said) == 3


@pytest.mark.usefixtures("talk")
def test_the_conversations_page_names_who_revealed_which_messages_here(
    families: Families,
) -> None:
    client = client_as("reviewer", "incident", "CASE-7")
    conversation = "/admin/conversations/t-1/"
    handle("conversations", "accesses")
    assert "No reveal of this conversation is known" in client.get(conversation).text
    client.post("/admin/violations/c-1/reveal/v-1/", {"message": "15"})
    client.post("/admin/violations/c-1/reveal/v-1/", {"message": "all"})
    told = [
        (s["object"], s["subjects"]) for s in Recorder.said if s["kind"] == "reveal"
    ]
    for n, (object_, subjects) in enumerate(told):
        families.looks(f"officer-{n}0", *subjects, kind="reveal", object=object_)
    # as it was recorded before messages were named
    families.looks("officer-80", "c-1", kind="reveal", object="conversation.t-1")
    families.looks("officer-90", "c-1", kind="reveal", object="conversation.t-1-2/3")
    handle("accesses")

    text = " ".join(client.get(conversation).text.split())

    assert "No reveal of this conversation is known" not in text
    assert "officer-00</span>, message 15<" in text
    assert "officer-10</span>, messages 5 to 25<" in text
    assert "officer-80</span>, messages of it; which ones was not recorded<" in text
    assert "officer-90" not in text


@pytest.mark.parametrize(
    ("asked", "expected"), [("31", {31}), ("all", set(range(21, 32)))]
)
def test_no_more_is_opened_than_is_revealed(
    families: Families, monkeypatch: pytest.MonkeyPatch, asked: str, expected: set[int]
) -> None:
    families.talks("t-1", "c-1", *(f"message number {n}" for n in range(30)))
    of_another = TeddyReplied(child_id="c-2", text="another child")
    families.happens("conversation.t-1", of_another)
    families.detects("c-1", "v-1", conversation_id="t-1", message_id="31")
    handle("violations")
    client, versions = client_as("reviewer"), set[int]()
    ids = {
        event.metadata.event_id: event.metadata.version
        for event in get_event_store().read("conversation.t-1")
    }
    opens = KeyOpener.open

    def counts(opener: KeyOpener, stream_id: str, commit: Any, event: Any) -> Any:
        versions.add(ids[event.event_id])
        return opens(opener, stream_id, commit, event)

    monkeypatch.setattr(KeyOpener, "open", counts)
    client.get(PAGE)
    assert versions == set()
    client.post("/admin/violations/c-1/reveal/v-1/", {"message": asked})

    assert versions == expected


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


@pytest.mark.parametrize(
    ("month", "status"),
    [
        *(("0001-01", 400), ("1969-12", 400), ("9999-12", 400), ("0000-01", 400)),
        ("1970-01", 200),
    ],
)
def test_of_a_month_beyond_all_clocks_there_is_no_record(
    families: Families, month: str, status: int
) -> None:
    answer = client_as("operator").get(f"/admin/violations/record/?month={month}")

    assert answer.status_code == status
    assert 'href="?month=1969' not in answer.text
    assert ("January 1970" in answer.text) == (status == 200)


def test_list_filter_and_record_agree_on_what_was_late(families: Families) -> None:
    """Late or not, then reopened or not, then late or not: what was late once stays late."""
    now = SystemClock().now()
    began = {True: {"occurred_at": now - timedelta(days=3)}, False: {}}
    about = {"violation_id": "v-1", "officer": "o"}
    late: dict[str, bool] = {}
    for n, parts in enumerate(
        times for k in (1, 2, 3) for times in product((False, True), repeat=k)
    ):
        case = Case(f"c-{n:02}", "v-1")
        found = acts_detected("v-1", "low")
        seen = families.happens(case.stream_id, found, **began[parts[0]]).last_version
        for again in (None, *parts[1:]):
            if again is not None:
                reopened = SafetyViolationReopened(**about)
                seen = families.happens(
                    case.stream_id, reopened, **began[again]
                ).last_version
            seen = acts.decide(case, "o", Decided("confirmed"), seen=seen).last_version
        late[case.child_id] = any(parts)
    handle("violations")
    client = client_as("reviewer")

    listed = client.get("/admin/violations/?tab=closed").text
    filtered = client.get("/admin/violations/?tab=closed&overdue=yes").text
    record = client.get("/admin/violations/record/").text

    rows = re.findall(r"<tr[^>]*>(?:(?!<tr).)*?</tr>", listed, re.DOTALL)
    told = {
        child: "late" in row.lower().split('class="quiet mono"', 1)[0]
        for row in rows
        for child in re.findall(r">(c-\d\d)<", row)[:1]
    }
    assert told == late
    assert set(re.findall(r">(c-\d\d)<", filtered)) == {c for c in late if late[c]}
    assert "Late before it was reopened; then decided with" in listed
    [low] = re.findall(r"<tr[^>]*>(?:(?!<tr).)*Low.*?</tr>", record, re.DOTALL)
    cells = re.findall(r'class="num"[^>]*>(?:<span[^>]*>)?([\d,]+)', low)
    count = sum(late.values())
    assert cells == [str(n) for n in (len(late), len(late) - count, count, 0, 0)]


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


def by_the_form_alone(client: Client, act: str, page: str) -> Any:
    """With a note, which cannot be kept; then as the answer offers it."""
    address = page.replace("/case/", f"/do/{act}/")

    def hidden(text: str) -> tuple[str, dict[str, str]]:
        [form] = re.findall(
            rf'action="{re.escape(address)}".*?</form>', text, re.DOTALL
        )
        found = re.findall(r'type="hidden" name="(\w+)"(?: value="(\d*)")?', form)
        return form, {n: value for n, value in found if n != "csrfmiddlewaretoken"}

    form, given = hidden(client.get(page).text)
    assert "without_note" not in form
    refused = client.post(address, {**given, "note": TYPED})
    assert refused.status_code == 410
    form, given = hidden(refused.text)
    assert 'name="without_note"' in form
    sent = {**given, "note": TYPED, "without_note": "on"}
    return client.post(address, sent, follow=True)


@pytest.mark.parametrize(("severity", "act"), [("low", "reopen"), ("high", "refuse")])
def test_a_case_of_an_erased_child_is_reopened_or_refused_without_a_note(
    families: Families, ada: User, bo: User, severity: str, act: str
) -> None:
    case = Case(f"erased-{act}", "v-1")
    seen = families.detects(case.child_id, "v-1", severity=severity).last_version
    acts.decide(case, actor_of(ada), Decided("confirmed"), seen=seen)
    keys_of_this_process().erase(case.child_id, request="r-1")
    handle("violations", "approvals")
    page = f"/admin/violations/{case.child_id}/case/v-1/"

    done = by_the_form_alone(client_of(bo), act, page)

    says = {
        "reopen": "It is reopened, and its time begins anew.",
        "refuse": "You did not agree; it stays open.",
    }
    assert says[act] in done.text
    again = client_of(ada).get(page).text
    assert page.replace("/case/", "/do/decide/") in again
    assert page.replace("/case/", "/do/approve/") not in again


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


def said_of(text: str) -> str:
    """A page's text without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split()).replace(" ,", ",")


def closed_by_two(families: Families, ada: User, bo: User, *answers: str) -> None:
    """Ada proposes and Bo answers, once for each answer; what is closed before the last is reopened."""
    families.detects("c-1", "v-1", severity="critical")
    handle("violations")
    for n, answer in enumerate(answers):
        send(client_of(ada), "decide", outcome="confirmed", clause="4.1", note="n")
        assert send(client_of(bo), answer, note="why").status_code == 200
        if answer == "approve" and n + 1 < len(answers):
            send(client_of(ada), "reopen", note="again")


def test_a_closed_case_says_who_proposed_and_who_agreed_each_with_its_time(
    families: Families, ada: User, bo: User
) -> None:
    closed_by_two(families, ada, bo, "refuse", "approve", "approve")
    handle("children", "facts")
    a, b = actor_of(ada), actor_of(bo)
    events = [*get_event_store().read("child.c-1")]
    proposals = [
        e.recorded_at
        for e in events
        if e.metadata.event_type == "SafetyViolationDecisionProposed"
    ]
    [approval] = Approval.objects.all()
    answers = [
        e.recorded_at
        for e in get_event_store().read(f"approval.{approval.approval_id}")
        if e.metadata.event_type == "ApprovalDecided"
    ]

    page = client_as("external_auditor").get(PAGE).text
    text = said_of(page)
    queue = said_of(client_as("reviewer").get("/admin/violations/?tab=closed").text)
    axis = said_of(client_as("reviewer").get("/admin/children/c-1/").text)

    assert f"Proposed by {a}, {utc(proposals[-1])}" in text
    assert f"Agreed by {b}, {utc(answers[-1])}" in text
    steps = text.partition("What was done about it")[2]
    sentence = f"Closed as {a} proposed and {b} agreed: Confirmed"
    assert steps.count(sentence) == 2
    assert steps.count(f"{b} agreed with what {a} proposed") == 2
    assert steps.count("did not agree") == 1
    order = ["did not agree", "agreed with what", sentence, "Reopened", "agreed with"]
    places = [steps.find(order[0])]
    for told in order[1:]:
        places.append(steps.find(told, places[-1] + 1))
    assert places == sorted(places)
    assert min(places) > 0
    assert f"proposed by {a}, agreed by {b}" in queue
    assert axis.count(f"agreed by {b}, ") == 2
    assert f"agreed by {b}, {utc(answers[1])}" in axis
    assert f"agreed by {b}, {utc(answers[2])}" in axis


def utc(instant: datetime) -> str:
    """As pages write it."""
    return said_of(formats.utc(instant))


def test_what_one_person_closed_names_no_second(families: Families, ada: User) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")

    text = said_of(send(client_of(ada), "decide", outcome="confirmed", note="n").text)

    assert "Decided by you" in text
    assert "Closed as you decided" in text
    assert "greed by" not in text


def test_a_second_person_who_is_not_known_yet_is_no_nobody(
    families: Families, ada: User, bo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    families.detects("c-1", "v-1", severity="high")
    handle("violations")
    send(client_of(ada), "decide", outcome="confirmed", note="n")
    page = client_of(bo).get(PAGE).text

    def follows_the_case_alone(_case: Case) -> bool:
        handle("violations")
        return True

    monkeypatch.setattr(one, "has_caught_up", follows_the_case_alone)

    text = said_of(send(client_of(bo), "approve", page).text)

    assert "Agreed by Unavailable the answer is not known here yet" in text


def test_an_erased_childs_refusal_stands_among_the_steps_too(
    families: Families, ada: User, bo: User
) -> None:
    case = Case("erased-told", "v-1")
    seen = families.detects(case.child_id, "v-1", severity="high").last_version
    acts.decide(case, actor_of(ada), Decided("confirmed"), seen=seen)
    acts.answer(case, actor_of(bo), "refused", seen=3, request_seen=1)
    handle("violations", "approvals")

    page = f"/admin/violations/{case.child_id}/case/v-1/"
    text = said_of(client_of(ada).get(page).text)

    assert f"{actor_of(bo)} did not agree with what you proposed" in text


def test_every_page_says_the_same_of_where_a_case_stands(
    families: Families, ada: User
) -> None:
    families.registers("c-1", "p-1")
    families.talks("t-1", "c-1", "hello")
    seen = families.detects(
        "c-1", "v-1", severity="critical", conversation_id="t-1", message_id="2"
    ).last_version
    claimed = acts.claim(CASE, actor_of(ada), seen=seen).last_version
    for level in ("overdue_50", "overdue_100"):
        about: Any = {"violation_id": "v-1", "level": level}
        families.happens("child.c-1", SafetyViolationEscalated(**about))
    client = client_as("external_auditor")
    moment = "/admin/children/c-1/as-of/"

    def says() -> dict[str, str]:
        handle()
        pages = {
            "queue": "/admin/violations/",
            "case": PAGE,
            "conversation": "/admin/conversations/t-1/",
            "moment": moment,
        }
        got = {name: client.get(at, follow=True).text for name, at in pages.items()}
        return {name: said_of(text).lower() for name, text in got.items()}

    who, levels = actor_of(ada), "escalated at 50 %, 100 %"
    told = says()
    assert {n for n, t in told.items() if f"claimed by {who}" in t} == set(told)
    assert {n for n, t in told.items() if levels in t} == set(told)
    acts.decide(CASE, who, Decided("confirmed"), seen=claimed)
    told = says()
    for words in ("decision proposed", f"claimed by {who}, {levels}"):
        assert {n for n, t in told.items() if words in t} == set(told), words
    for old in ("acknowledged, ", ": acknowledged", "unclaimed"):
        assert not {n for n, t in told.items() if old in t}, old


def row_of(text: str, name: str) -> dict[str, str]:
    """The cells of the row in which this stands, by their columns."""
    [row] = [one for one in re.findall(r"<tr.*?</tr>", text, re.DOTALL) if name in one]
    cells = re.findall(r'data-label="([^"]*)">(.*?)</t[dh]>', row, re.DOTALL)
    return {label: said_of(cell) for label, cell in cells}


def test_the_second_persons_list_says_how_urgent_a_case_is(
    families: Families, ada: User
) -> None:
    now = SystemClock().now()
    late = now - timedelta(hours=2)
    for child, violation in (("c-1", "v-1"), ("c-2", "v/with/slashes")):
        case = Case(child, violation)
        found = acts_detected(violation, "critical")
        seen = families.happens(case.stream_id, found, occurred_at=late).last_version
        acts.decide(case, actor_of(ada), Decided("confirmed"), seen=seen)
    families.asks("a-1", object="child.c-3/v-3")
    families.asks("a-2", kind="erasure", object="child.c-4")
    handle("violations", "approvals")

    text = client_as("reviewer").get("/admin/approvals/").text
    queue = client_as("reviewer").get("/admin/violations/").text

    for name in ("child.c-1/v-1", "child.c-2/v/with/slashes"):
        row = row_of(text, f">{name}<")
        assert row["Severity"] == "Critical"
        assert row["Time left"].startswith("Overdue 1 h ")
        assert row["Request ends"].startswith(("in 23 h", "in 1 d"))
    assert "Overdue 1 h " in row_of(queue, ">v-1<")["Time left"]
    not_known = row_of(text, ">child.c-3/v-3<")
    assert (not_known["Severity"], not_known["Time left"]) == ("Unavailable",) * 2
    other = row_of(text, ">child.c-4<")
    assert (other["Severity"], other["Time left"]) == ("–", "–")


@pytest.mark.parametrize("role", ["external_auditor", "reviewer"])
def test_a_name_leads_whoever_may_see_it_to_what_that_account_looked_at(
    families: Families, ada: User, role: str
) -> None:
    families.registers("c-1", "p-1")
    families.talks("t-1", "c-1", "hello")
    about = {"conversation_id": "t-1", "message_id": "2"}
    seen = families.detects("c-1", "v-1", **about).last_version
    acts.decide(CASE, actor_of(ada), Decided("confirmed"), seen=seen)
    given: dict[str, Any] = {"kind": "reveal", "object": "conversation.t-1/2"}
    families.looks(actor_of(ada), "c-1", **given)
    handle()
    pages = [PAGE, "/admin/children/c-1/", "/admin/conversations/t-1/"]
    pages.append("/admin/approvals/")
    link = f'<a href="/admin/ledger/accounts/{actor_of(ada)}/">{actor_of(ada)}</a>'
    client = client_as(role)

    shown = {at: client.get(at).text for at in pages}
    own = {at: said_of(client_of(ada).get(at).text) for at in pages}

    assert {at for at, text in shown.items() if link in text} == (
        set(pages) if role == "external_auditor" else set()
    )
    assert all(actor_of(ada) in text for text in shown.values())
    # to itself no account is a number
    assert {at for at, text in own.items() if actor_of(ada) in text} == set()
    assert "You proposed: Confirmed" in own[PAGE]
    assert "by you" in own["/admin/children/c-1/"]
    assert "last revealed by you" in own["/admin/conversations/t-1/"]


def test_the_queue_says_when_it_happened_where_that_is_not_when_it_was_recorded(
    families: Families,
) -> None:
    now = SystemClock().now()
    late, just = now - timedelta(days=27), now - timedelta(seconds=40)
    for child, at in (("c-1", late), ("c-2", just)):
        families.happens(f"child.{child}", acts_detected("v", "low"), occurred_at=at)
    handle("violations")
    recorded = Violation.objects.get(child_id="c-1").detected_at

    text = client_as("reviewer").get("/admin/violations/").text

    cell = row_of(text, ">c-1<")["Detected"]
    written = f"happened {late:%Y-%m-%d %H:%M:%S} UTC"
    assert cell == f"{written} recorded {recorded:%Y-%m-%d %H:%M:%S} UTC"
    assert "happened" not in row_of(text, ">c-2<")["Detected"]


def test_a_case_says_who_has_seen_it(families: Families, ada: User, bo: User) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")
    assert "by nobody yet" in client_of(ada).get(PAGE).text

    own = said_of(send(client_of(ada), "acknowledge").text)
    other = said_of(client_of(bo).get(PAGE).text)

    assert "Seen by you, 20" in own
    assert f"Seen by {actor_of(ada)}, 20" in other


def test_a_proposal_is_not_called_a_decision(families: Families, ada: User) -> None:
    families.detects("c-1", "v-1", severity="high")
    families.detects("c-1", "v-2", severity="low")
    handle("violations")

    proposed = send(client_of(ada), "decide", outcome="confirmed", note="n").text

    assert "Your decision is proposed, and a second person is asked." in proposed
    assert "Your decision is recorded." not in proposed


@pytest.mark.parametrize("role", ["reviewer", "external_auditor"])
def test_who_may_not_answer_is_told_why_and_who_can(
    families: Families, ada: User, role: str
) -> None:
    families.detects("c-1", "v-1", severity="high")
    handle("violations")
    send(client_of(ada), "decide", outcome="confirmed", note="n")

    text = said_of(client_as(role).get(PAGE).text)

    assert (
        "You cannot answer: your role does not allow it. Compliance officers,"
        " data protection officers and child safety responders can." in text
    )


def test_no_page_of_a_case_shows_a_fraction_that_is_not_there(
    families: Families, ada: User, bo: User
) -> None:
    closed_by_two(families, ada, bo, "approve")
    families.detects("c-2", "v-2")
    families.talks("t-1", "c-1", "hello")
    handle()
    known = {
        f"{at:%f}"[:3]
        for stream in ("child.c-1", "child.c-2", "conversation.t-1")
        for e in get_event_store().read(stream)
        for at in (e.recorded_at, e.metadata.timestamp)
    }
    [approval] = Approval.objects.all()
    known |= {
        f"{at:%f}"[:3]
        for e in get_event_store().read(f"approval.{approval.approval_id}")
        for at in (e.recorded_at, e.metadata.timestamp)
    }
    client = client_of(ada)
    opened = client.post("/admin/conversations/t-1/reveal/", {"version": "2"}).text

    for text in (
        client.get(PAGE).text,
        client.get("/admin/violations/").text,
        client.get("/admin/violations/?tab=closed").text,
        opened,
    ):
        fractions = re.findall(r"\d\d:\d\d:\d\d\.(\d{3})", said_of(text))
        assert set(fractions) <= known
    assert "You, just now" in opened


def test_who_was_quicker_in_another_tab_of_their_own_is_told_so(
    families: Families, ada: User
) -> None:
    families.detects("c-1", "v-1", severity="low")
    handle("violations")
    page = client_of(ada).get(PAGE).text
    send(client_of(ada), "acknowledge", page)

    answer = send(client_of(ada), "decide", page, outcome="confirmed", note=TYPED)

    assert answer.status_code == 409
    assert "You did something about it yourself" in answer.text
    assert "Somebody was quicker" not in answer.text
    assert "Seen by you" in said_of(answer.text)
    assert "Zwetschgenkuchen &lt;b&gt;&amp;</textarea>" in answer.text


def test_the_queue_is_narrowed_in_the_words_of_its_list(families: Families) -> None:
    text = client_as("reviewer").get("/admin/violations/?category=self_harm").text

    assert '<option value="self_harm" selected>Self harm</option>' in text
    assert '<option value="critical">Critical</option>' in text
    assert ">self_harm<" not in text


@pytest.mark.parametrize(
    ("number", "of", "expected"),
    [
        *((10, 13, 77), (1, 13, 8), (12, 13, 92), (0, 13, 0), (13, 13, 100)),
        *((999, 1_000, 99), (1, 1_000, 1), (0, 0, 0)),
    ],
)
def test_a_share_is_rounded_and_all_means_all(
    number: int, of: int, expected: int
) -> None:
    assert percent(number, of) == expected


@pytest.mark.usefixtures("talk")
def test_pages_say_once_what_a_messages_number_and_its_words_are() -> None:
    handle("conversations", "screenings")
    client = client_as("reviewer")

    for address in (PAGE, "/admin/conversations/t-1/"):
        text = said_of(client.get(address).text)
        assert text.count("number is its event’s version in") == 1
        assert text.count("by the length of what is sealed") == 1
        assert "about, by its length" not in text

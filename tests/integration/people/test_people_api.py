"""`/children/…` and `/parents/…`: a household's token sees its own, recorded first, and what is foreign is not there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.api.children import ConversationsView
from audit.api.exports import Ended, ExportView
from audit.api.urls import urlpatterns
from audit.ledger import AccessLedger
from audit.people.models import Access, Conversation
from eventstore.clock import SystemClock
from eventstore.exchange.cloudevents import parse_line
from eventstore.exchange.importer.run import import_events
from eventstore.opening import opener
from eventstore.store import get_event_store
from eventstore.testing.memory import MemoryEventStore
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import ChildSpoke, ConversationEnded
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationResolved,
)
from tests.support.callers import a_caller
from tests.support.families import handle
from tests.support.recorders import BrokenRecorder, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.support.callers import Caller
    from tests.support.families import Families

LISTS = ("conversations", "violations", "access")
OF_CHILD = ("", *(f"/{name}" for name in LISTS), "/export")


@pytest.fixture
def home(families: Families) -> Families:
    """Two households with something of everything."""
    for n in (1, 2):
        child, parent, about = f"c-{n}", f"p-{n}", {"violation_id": "v-1"}
        families.registers(child, parent, language="de")
        for t in (1, 2, 3):
            families.talks(f"t-{n}{t}", child, f"Hello {n}", "Bye")
        families.detects(child, "v-1", conversation_id=f"t-{n}1", excerpt="mean")
        families.happens(
            f"child.{child}",
            SafetyViolationAcknowledged(**about, officer="o-77"),
            SafetyViolationResolved(**about, officer="o-77", outcome="confirmed"),
        )
        families.allows(parent, child)
        families.looks("o-77", child, object=f"child.{child}", reference="case-9")
    handle()
    return families


@pytest.fixture
def ours(home: Families) -> Caller:
    """Bound to the first household."""
    return a_caller(bound_to="p-1")


def told(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content
    return json.loads(b"".join(answer) if answer.streaming else answer.content)


# ---- what there is


def test_a_profile_tells_each_field_with_the_event_that_set_it(
    home: Families, ours: Caller
) -> None:
    update = ChildProfileUpdated(changes={"name": "Mia M.", "language": None})
    at = home.happens("child.c-1", update)

    profile = told(ours.get("/children/c-1"))

    assert profile["parent_id"] == "p-1"
    assert profile["version"] == at.last_version
    assert profile["withheld"] == []
    values = {k: (v["value"], v["version"]) for k, v in profile["fields"].items()}
    assert values == {
        "name": ("Mia M.", at.last_version),
        "language": (None, at.last_version),
    }
    assert Recorder.said[-1]["kind"] == "view"
    assert list(Recorder.said[-1]["subjects"]) == ["c-1"]


def test_without_the_right_to_open_a_profile_says_what_is_not_known(
    home: Families,
) -> None:
    update = home.happens("child.c-1", ChildProfileUpdated(changes={"language": "fr"}))
    closed = a_caller(bound_to="p-1", scopes=["streams:read"])

    profile = told(closed.get("/children/c-1"))

    assert profile["fields"].keys() == {"language"}
    assert profile["withheld"] == [
        {"version": 1, "reason": "sealed"},
        {"version": update.last_version, "reason": "sealed"},
    ]


def test_a_profile_as_of_a_time_is_the_fold_of_what_was_recorded_by_then(
    home: Families, ours: Caller
) -> None:
    """Against a fold of the events that knows nothing of versions and pages."""
    for n in range(3):
        home.happens("child.c-1", ChildProfileUpdated(changes={"name": f"Mia {n}"}))
    events = list(get_event_store().read("child.c-1", opener=opener()))

    for event in events:
        instant = event.recorded_at
        names = [
            e.data.get("changes", e.data).get("name")
            for e in events
            if e.recorded_at <= instant
            and e.metadata.event_type in ("ChildRegistered", "ChildProfileUpdated")
        ]
        profile = told(ours.get(f"/children/c-1?as_of={asked(instant)}"))
        assert profile["fields"]["name"]["value"] == names[-1]
        assert profile["version"] == max(
            e.metadata.version for e in events if e.recorded_at <= instant
        )
        assert profile["as_of"]


def asked(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_before_its_first_event_a_child_is_not_there(
    home: Families, ours: Caller
) -> None:
    first = next(iter(get_event_store().read("child.c-1")))
    before = asked(first.recorded_at - timedelta(microseconds=1))

    answer: Any = ours.get(f"/children/c-1?as_of={before}")

    assert answer.status_code == 404
    assert answer.content == ours.get("/children/nobody").content


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("2999-01-01T00:00:00Z", "future-instant"),
        ("2026-01-01T00:00:00", "invalid-parameter"),
        ("yesterday", "invalid-parameter"),
    ],
)
def test_a_time_that_has_not_come_or_has_no_zone_is_refused(
    ours: Caller, as_of: str, code: str
) -> None:
    answer: Any = ours.get(f"/children/c-1?as_of={as_of}")

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Recorder.said


def test_lists_tell_what_happened_and_never_who(home: Families, ours: Caller) -> None:
    home.happens(
        "conversation.t-11", ConversationEnded(child_id="c-1", reason="timeout")
    )
    handle()

    talks = told(ours.get("/children/c-1/conversations"))["conversations"]
    violations = told(ours.get("/children/c-1/violations"))["violations"]
    accesses = told(ours.get("/children/c-1/access"))["accesses"]
    consents = told(ours.get("/parents/p-1/consents"))["consents"]

    assert [t["conversation_id"] for t in talks] == ["t-13", "t-12", "t-11"]
    assert (talks[2]["end_reason"], talks[2]["messages"]) == ("timeout", 2)
    assert talks[2]["unscreened"] == 2
    [violation] = violations
    assert (violation["state"], violation["outcome"]) == ("resolved", "confirmed")
    [access] = accesses
    assert access.keys() == {"recorded_at", "kind", "purpose", "by"}
    [consent] = consents
    assert (consent["child_id"], consent["withdrawn_at"]) == ("c-1", None)
    shown = json.dumps([talks, violations, accesses, consents])
    assert "o-77" not in shown
    assert "case-9" not in shown
    assert [(one["kind"], one["object"]) for one in Recorder.said] == [
        ("list", "conversations"),
        ("list", "violations"),
        ("list", "accesses"),
        ("list", "consents"),
    ]


def test_a_list_says_up_to_where_it_is_whole(home: Families, ours: Caller) -> None:
    whole = told(ours.get("/children/c-1/violations"))["known_before"]
    later = home.detects("c-1", "v-2")

    behind = told(ours.get("/children/c-1/violations"))

    assert whole is None
    assert behind["known_before"] == asked(later.recorded_at)
    assert len(behind["violations"]) == 1


def test_looks_of_staff_are_told_from_those_of_programs(
    home: Families, ours: Caller
) -> None:
    home.looks("backend", "c-1", actor_kind="service")
    handle("accesses")

    both = told(ours.get("/children/c-1/access"))["accesses"]
    staff = told(ours.get("/children/c-1/access?by=officer"))["accesses"]

    assert [one["by"] for one in both] == ["service", "officer"]
    assert [one["by"] for one in staff] == ["officer"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_pages_of_any_size_are_the_list(ours: Caller, limit: int) -> None:
    found: list[str] = []
    address: str | None = f"/children/c-1/conversations?limit={limit}"
    while address:
        page = told(ours.get(address))
        found += [one["conversation_id"] for one in page["conversations"]]
        after = page["next"]
        address = (
            f"/children/c-1/conversations?limit={limit}&after={after}"
            if after
            else None
        )

    assert found == ["t-13", "t-12", "t-11"]


# ---- what is foreign


def test_every_call_answers_the_same_of_what_is_foreign_and_of_what_is_not_there(
    home: Families, ours: Caller
) -> None:
    home.detects("c-3", "v-1")  # whom nobody registered
    home.registers("c-4", "p-2")
    home.talks("t-4", "c-5")
    handle("conversations")  # nobody has looked at c-3 and c-4 yet
    never = ours.get("/children/nobody")
    for child in ("c-2", "c-3", "c-4", "c-5", "nobody", "%00", "c 1", "x" * 300):
        for below in OF_CHILD:
            answer: Any = ours.get(f"/children/{child}{below}")
            assert (answer.status_code, answer.content) == (404, never.content)
    for parent in ("p-2", "p-3", "c-1", "%00"):
        answer = ours.get(f"/parents/{parent}/consents")
        assert (answer.status_code, answer.content) == (404, never.content)
    assert not Recorder.said


def test_every_address_of_this_list_is_among_those_that_are_tried() -> None:
    tried = {f"children/<str:child_id>{below}" for below in OF_CHILD}

    assert {str(p.pattern) for p in urlpatterns} == tried | {
        "parents/<str:parent_id>/consents"
    }
    assert reverse("people:child", args=["c-1"]) == "/api/v1/children/c-1"


def test_the_same_is_asked_of_the_database_whether_foreign_or_not_there(
    ours: Caller,
) -> None:
    counts = []
    for child in ("c-2", "nobody"):
        for below in OF_CHILD:
            with CaptureQueriesContext(connection) as made:
                ours.get(f"/children/{child}{below}")
            counts.append(len(made))

    assert len(set(counts)) == 1, counts


def test_a_cursor_is_good_for_its_list_child_and_household_alone(
    home: Families, ours: Caller
) -> None:
    home.registers("c-9", "p-1")
    home.talks("t-9", "c-9")
    handle()
    theirs = a_caller("theirs", bound_to="p-2")
    everybody = a_caller("all")
    page = told(ours.get("/children/c-1/conversations?limit=1"))
    after = page["next"]

    def refused(caller: Caller, address: str) -> tuple[int, str]:
        answer: Any = caller.get(address)
        return answer.status_code, answer.json()["code"]

    bad = (400, "bad-cursor")
    assert refused(ours, f"/children/c-1/violations?after={after}") == bad
    assert refused(ours, f"/children/c-9/conversations?after={after}") == bad
    assert refused(theirs, f"/children/c-2/conversations?after={after}") == bad
    assert refused(everybody, f"/children/c-1/conversations?after={after}") == bad
    assert refused(ours, f"/children/c-1/conversations?after=x{after}") == bad
    gone = refused(theirs, f"/children/c-1/conversations?after={after}")
    assert gone == (404, "not-found")


def test_a_conversation_that_names_another_child_is_shown_to_no_household(
    home: Families, ours: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.happens("conversation.t-11", ChildSpoke(child_id="c-2", text="Secret of two"))

    with monkeypatch.context() as hurried:
        hurried.setattr(ExportView, "_wait", lambda _: None)
        at_once = exported(ours, "c-1")  # nobody has looked at it yet
    handle()
    seen = exported(ours, "c-1")
    listed = told(ours.get("/children/c-1/conversations"))["conversations"]
    by_all = told(a_caller("all").get("/children/c-1/conversations"))["conversations"]

    assert b"Secret of two" not in at_once + seen
    assert b"conversation.t-11" not in seen
    assert [one["conversation_id"] for one in listed] == ["t-13", "t-12"]
    assert [one["conversation_id"] for one in by_all] == ["t-13", "t-12", "t-11"]


HEAD = "/streams/conversation.t-11"
SHOWS = (
    "/streams/conversation.t-11/events",
    "/streams/conversation.t-11/events?direction=backwards&limit=2",
    "/streams/conversation.t-11/state",
    HEAD,
    "/events",
    "/events?type=ChildSpoke",
    "/streams",
    "/feed?limit=1000",
    "/feed?limit=1000&types=conversation",
    "/children/c-1",
    *(f"/children/c-1/{name}" for name in LISTS),
    "/children/c-1/export",
)


@pytest.mark.parametrize("handled", [False, True])
@pytest.mark.parametrize("address", SHOWS)
def test_what_names_another_child_is_shown_to_no_household_wherever_it_asks(
    home: Families, ours: Caller, address: str, *, handled: bool
) -> None:
    """Whether or not the read models have looked at it."""
    home.happens("conversation.t-11", ChildSpoke(child_id="c-2", text="Secret of two"))
    if handled:
        handle()

    answer = ours.get(address)

    text = told_lines(answer) if answer.streaming else answer.content
    assert b"Secret of two" not in text
    assert not re.search(rb'["./]c-2"', text)
    named = any("c-2" in said["subjects"] for said in Recorder.said)
    # the head's version counts the event, so it is recorded that something of that child was seen
    assert named == (address == HEAD and not handled)


def test_a_sister_is_no_other(home: Families, ours: Caller) -> None:
    home.registers("c-11", "p-1")
    handle("children")
    home.happens("conversation.t-11", ChildSpoke(child_id="c-11", text="Me, too"))

    assert "Me, too" in ours.get("/streams/conversation.t-11/events").text


def test_a_page_for_a_household_takes_few_queries(ours: Caller) -> None:
    for address in ("/streams/conversation.t-11/events?limit=100", "/events?limit=100"):
        assert ours.get(address).status_code == 200
        with CaptureQueriesContext(connection) as made:
            assert ours.get(address).status_code == 200

        assert len(made) <= 6, [query["sql"] for query in made]


def test_a_child_that_has_left_the_household_is_not_there_any_more(
    home: Families, ours: Caller
) -> None:
    home.registers("c-1", "p-2")
    handle("children")

    statuses = {ours.get(f"/children/c-1{below}").status_code for below in OF_CHILD}

    assert statuses == {404}


@pytest.mark.parametrize("below", OF_CHILD)
def test_nothing_is_shown_that_cannot_be_recorded(
    ours: Caller, settings: Settings, below: str
) -> None:
    broken = f"{BrokenRecorder.__module__}.{BrokenRecorder.__name__}"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": broken}

    answer: Any = ours.get(f"/children/c-1{below}")

    assert answer.status_code == 503
    assert answer.json()["code"] == "access-not-recorded"


def test_with_the_ledger_each_look_is_an_event_that_the_next_list_tells(
    ours: Caller, settings: Settings
) -> None:
    ledger = f"{AccessLedger.__module__}.{AccessLedger.__name__}"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": ledger}

    for below in OF_CHILD:
        told_lines(ours.get(f"/children/c-1{below}"))
    told(ours.get("/parents/p-1/consents"))
    handle("accesses")

    looks = told(ours.get("/children/c-1/access?by=service"))["accesses"]
    kinds = [(one["kind"], one["purpose"]) for one in looks]
    purpose = "parent_request"
    assert sorted(kinds) == sorted(
        [("view", purpose), *[("list", purpose)] * 3, ("export", purpose)]
    )
    assert Access.objects.get(subject="p-1").object == "consents"


def told_lines(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer) if answer.streaming else bytes(answer.content)


# ---- the export


def exported(caller: Caller, child: str) -> bytes:
    answer: Any = caller.get(f"/children/{child}/export")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return b"".join(answer)


def test_an_export_has_all_events_of_the_childs_streams_and_no_others(
    home: Families, ours: Caller
) -> None:
    lines = [parse_line(line) for line in exported(ours, "c-1").splitlines()]

    streams = ["child.c-1", *(f"conversation.t-1{n}" for n in (3, 2, 1))]
    wanted = [
        event.metadata.event_id
        for stream in streams
        for event in get_event_store().read(stream)
    ]
    assert [line.event.event_id for line in lines] == wanted
    assert [(one["kind"], one["object"]) for one in Recorder.said] == [
        ("export", "export")
    ]


def test_an_export_makes_the_same_streams_in_another_store(home: Families) -> None:
    lines, other = exported(a_caller("all"), "c-1"), MemoryEventStore()

    first = import_events(BytesIO(lines), other, clock=SystemClock())
    again = import_events(BytesIO(lines), other, clock=SystemClock())

    assert first.is_good
    assert again.is_good
    for stream in ("child.c-1", *(f"conversation.t-1{n}" for n in (1, 2, 3))):
        here = get_event_store().read(stream, opener=opener())
        there = other.read(stream, opener=other.opener())
        assert [(e.metadata, e.data, e.commit_id) for e in there] == [
            (e.metadata, e.data, e.commit_id) for e in here
        ]


def test_what_is_sealed_stays_sealed_without_the_right(home: Families) -> None:
    closed = a_caller(bound_to="p-1", scopes=["streams:read"])

    lines = exported(closed, "c-1")

    assert b"Hello 1" not in lines
    assert b'"sealed":{' in lines


def test_an_export_breaks_off_when_its_token_ends(
    ours: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExportView, "piece", 1)
    answer: Any = ours.get("/children/c-1/export")
    pieces: Iterator[bytes] = iter(answer)
    next(pieces)

    ours.account.user.is_active = False
    ours.account.user.save()

    with pytest.raises(Ended):
        list(pieces)


def test_an_export_breaks_off_when_the_child_leaves_the_household(
    home: Families, ours: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExportView, "piece", 1)
    pieces = iter(ours.get("/children/c-1/export"))
    next(pieces)

    home.registers("c-1", "p-2")
    handle("children")

    with pytest.raises(Ended):
        list(pieces)


def test_conversations_beyond_a_page_are_exported_too(
    home: Families, ours: Caller
) -> None:
    for n in range(51):
        home.talks(f"many-{n}", "c-1")
    handle("conversations")

    lines = exported(ours, "c-1").splitlines()

    named = {parse_line(line).stream_id for line in lines}
    assert len(named) == 1 + 3 + 51
    assert Conversation.objects.filter(child_id="c-1").count() == 54


def test_what_a_call_does_not_know_is_refused_by_name(ours: Caller) -> None:
    for below in OF_CHILD:
        answer: Any = ours.get(f"/children/c-1{below}?colour=red")
        assert (answer.status_code, answer.json()["code"]) == (
            400,
            "unknown-parameter",
        )
    assert ConversationsView.known["GET"]

"""The pages of a child, as an officer gets them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.errors import KeyStoreUnavailable
from eventstore.opening.opener import KeyOpener
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import ChildSpoke, MessageScreened, TeddyReplied
from teddy_es.domain.parent import ParentRegistered
from teddy_es.domain.privacy import ErasureCompleted, HoldPlaced
from teddy_es.domain.violations import SafetyViolationResolved
from tests.support.families import Families, handle
from tests.support.recorders import Recorder
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client

MOST = 12
EARLY = datetime(2026, 6, 14, 10, tzinfo=UTC)


@pytest.fixture
def officer(families: Families) -> Client:
    """Somebody who may see and reveal, with a purpose."""
    del families
    return client_as("compliance_officer")


def lives(families: Families, child: str = "c-1") -> None:
    """Something of everything."""
    families.happens(f"parent.p-{child}", ParentRegistered(name="Ann", email="a@b.c"))
    families.registers(child, f"p-{child}", language="de")
    families.happens(f"child.{child}", ChildProfileUpdated(changes={"bed": "20:00"}))
    families.allows(f"p-{child}", child)
    families.talks(f"t-{child}", child, "I am sad", "Why?")
    families.happens(
        f"conversation.t-{child}",
        TeddyReplied(
            child_id=child, text="Tell me", model="bear-4", policy_version="7"
        ),
        MessageScreened(
            child_id=child, message_version=2, detector="rules/3", policy_version="9"
        ),
    )
    families.detects(
        child, "v-1", conversation_id=f"t-{child}", message_id="2", excerpt="I am sad"
    )
    families.looks("bob", child)
    families.happens(
        f"child.{child}", ChildProfileUpdated(changes={"x": "y"}), occurred_at=EARLY
    )
    handle()


def test_an_axis_shows_what_happened_and_records_who_looked(
    families: Families, officer: Client
) -> None:
    lives(families)
    Recorder.forget()

    answer = officer.get("/admin/children/c-1/")

    assert answer.status_code == 200
    text = " ".join(answer.text.split())
    for said in (
        *("Child registered", "Profile changed", "Consent granted: conversation"),
        *("t-c-1", "3 messages, masked", "2 not judged by a safety filter"),
        *(
            "Violation detected: bullying, high",
            "Staff looked",
            "looked at 1 time by 1 person",
        ),
        "1 open violation",
    ):
        assert said in text, said
    assert "sad" not in text
    assert "Mia" not in text
    [look] = Recorder.said
    assert (look["kind"], look["subjects"], look["object"]) == (
        "view",
        ["c-1"],
        "child.c-1",
    )


def test_an_axis_goes_by_pages_and_by_the_lines_that_are_chosen(
    families: Families, officer: Client
) -> None:
    for n in range(60):
        families.allows("p-1", "c-1", policy=str(n))
    families.registers("c-1", "p-1")
    handle()

    officer.post("/admin/time-zone/", {"zone": "Europe/Berlin"})
    first = officer.get("/admin/children/c-1/?lane=consent")
    [following] = re.findall(r'rel="next" href="([^"]*)"', first.text)
    second = officer.get(f"/admin/children/c-1/{following.replace('&amp;', '&')}")

    assert first.text.count("Consent granted") == 50
    assert second.text.count("Consent granted") == 10
    assert "Child registered" not in first.text + second.text
    assert "lane=consent" in following
    assert re.search(r"\d\d:\d\d:\d\d Berlin \+0[12]:00", first.text)


def test_a_day_with_a_clock_change_has_its_own_hours(
    families: Families, officer: Client
) -> None:
    """In Berlin the 25th of October 2026 has 25 hours; the last of them is no more the 25th in UTC's eyes."""
    edges = (
        ("first", datetime(2026, 10, 24, 22, 0, tzinfo=UTC)),
        ("last", datetime(2026, 10, 25, 22, 59, tzinfo=UTC)),
        ("before", datetime(2026, 10, 24, 21, 59, tzinfo=UTC)),
        ("behind", datetime(2026, 10, 25, 23, 0, tzinfo=UTC)),
    )
    for name, at in edges:
        families.detects("c-1", name)
        families.happens(
            f"parent.p-{name}",
            *[_granted(name)],
            occurred_at=at,
        )
    handle()

    day = officer.get(
        "/admin/children/c-1/?from=2026-10-25&to=2026-10-25&zone=Europe/Berlin"
    )

    shown = {name for name, _ in edges if f"by parent p-{name}" in day.text}
    assert shown == {"first", "last"}
    assert day.text.count('class="month"') == 25
    assert "24 Oct 22:00:00 UTC" in day.text  # beneath a heading of the 25th
    assert "22:59:00 UTC" in day.text
    assert "25 October 2026, 02:00 +0200" in day.text
    assert "25 October 2026, 02:00 +0100" in day.text


def _granted(_name: str) -> Any:
    from teddy_es.domain.parent import ConsentGranted

    return ConsentGranted(child_id="c-1", scope="profiling", policy_version="1")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("clock", ["happened", "recorded"])
def test_a_day_of_staff_views_stands_under_its_own_date(
    families: Families, officer: Client, zone: str, clock: str
) -> None:
    """It is a day of UTC; the midnight at which that begins is the evening before in New York, and the night in Berlin."""
    families.registers("c-1", "p-1")
    looked = families.looks("bob", "c-1").recorded_at.astimezone(UTC)
    handle()

    text = officer.get(f"/admin/children/c-1/?zone={zone}&clock={clock}").text

    days = re.findall(
        r'<li class="tl-day"><h3>([^<]*)</h3>(.*?)</ol></li>', text, re.DOTALL
    )
    [heading] = [day for day, entries in days if "Staff looked" in entries]
    assert heading == f"{looked:%A %-d %B %Y}"
    assert f"{looked:%-d %B}, the whole day, UTC" in text
    assert len({day for day, _ in days}) == len(days)


@pytest.mark.parametrize(
    "query",
    [
        "from=x", "from=2026-13-01", "to=1900-01-01", "from=2026-02-02&to=2026-02-01", "zone=Nowhere/At",
        "clock=x", "lane=x", "after=x", "after=a&before=b", "from=2026-06-14T99:00Z",
        "from=9999-12-31", "to=9999-12-31", "to=9999-12-31T23:59Z&zone=Europe/Berlin", "from=2026-06-14T10:00Z&to=9999-12-31T23:59Z",
        "from=0001-01-01T00:00Z&zone=America/New_York", "from=1969-12-30T00:00Z",
    ],
)  # fmt: skip
def test_what_an_address_cannot_ask_for_is_refused(
    families: Families, officer: Client, query: str
) -> None:
    lives(families)

    answer = officer.get(f"/admin/children/c-1/?{query}")

    assert answer.status_code == 400


@pytest.mark.parametrize("child", ["c-2", "c", "c-1x", "p-c-1", "ü", "a" * 101])
@pytest.mark.parametrize("page", ["", "as-of/"])
def test_who_is_not_there_is_not_there_in_the_same_words(
    families: Families, officer: Client, child: str, page: str
) -> None:
    lives(families)
    families.happens("privacy.c-2", HoldPlaced(hold_id="h", scope="all", clause="c"))
    families.looks("bob", "c-2")
    handle()
    Recorder.forget()

    answer = officer.get(f"/admin/children/{child}/{page}")

    assert answer.status_code == 404
    assert "There is no such child" in answer.text
    assert not Recorder.said


def test_a_child_known_by_a_violation_or_a_conversation_alone_has_its_page(
    families: Families, officer: Client
) -> None:
    families.detects("c-1", "v-1")
    families.talks("t-1", "c-2", "Hello")
    handle()

    first, second = (officer.get(f"/admin/children/{c}/") for c in ("c-1", "c-2"))

    assert first.status_code == second.status_code == 200
    assert "Never registered" in first.text
    assert "Never registered" in second.text


def test_a_page_that_is_not_whole_says_up_to_when(
    families: Families, officer: Client
) -> None:
    lives(families)
    whole = officer.get("/admin/children/c-1/")
    families.registers("c-9", "p-1")

    lags = officer.get("/admin/children/c-1/")
    as_of = officer.get("/admin/children/c-1/as-of/", follow=True)
    earlier = officer.get("/admin/children/c-1/as-of/?at=2026-06-14", follow=True)

    assert "Not whole" not in whole.text
    assert "Not whole" in lags.text
    assert "Not whole" in as_of.text
    assert "Not whole" not in earlier.text


def test_erased_and_held_stand_above_the_page(
    families: Families, officer: Client
) -> None:
    lives(families)
    families.happens(
        "privacy.c-1",
        HoldPlaced(hold_id="h", scope="all", clause="s.4"),
        ErasureCompleted(request="r-1", keys=1, events=2),
    )
    handle()

    for page in ("", "as-of/"):
        text = officer.get(f"/admin/children/c-1/{page}", follow=True).text
        assert "Legal hold" in text
        assert "This child is erased" in text


# ---- as it was -------------------------------------------------------------------------------------------------------


def pinned(client: Client, at: str = "") -> str:
    """The address with the cut, as the page sends its reader on."""
    answer: Any = client.get("/admin/children/c-1/as-of/", {"at": at} if at else {})
    assert answer.status_code == 302
    address: str = answer.headers["Location"]
    assert set(parse_qs(urlsplit(address).query)) == {"at", "cut"}
    return address


def test_a_moment_carries_its_cut_and_never_shifts(
    families: Families, officer: Client
) -> None:
    lives(families)
    address = pinned(officer)
    before = officer.get(address)
    families.happens(
        "child.c-1",
        SafetyViolationResolved(violation_id="v-1", officer="o", outcome="confirmed"),
    )
    families.withdraws("p-c-1", "c-1")
    families.happens(
        "child.c-1", ChildProfileUpdated(changes={"a": "b"}), occurred_at=EARLY
    )
    families.registers("c-1", "p-other")
    handle()

    after = officer.get(address)

    assert before.status_code == after.status_code == 200
    assert _body(after.text) == _body(before.text)
    assert "4 more facts" in after.text
    now = officer.get(pinned(officer))
    assert _body(now.text) != _body(before.text)


def _body(text: str) -> str:
    """Without what stands above: the child's state today, how many are newer, and the times of rendering."""
    shown = text.partition('<div class="cols wide-side">')[2].partition("</main>")[0]
    assert shown
    return re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", shown)


def test_what_stands_above_a_moment_is_of_then_and_of_today_its_erasure_alone(
    families: Families, officer: Client
) -> None:
    lives(families)
    address = pinned(officer)
    before = _above(officer.get(address).text)
    families.detects("c-1", "v-2")
    families.happens("privacy.c-1", HoldPlaced(hold_id="h", scope="all", clause="s.4"))
    handle()

    after = officer.get(address)

    assert "1 open violation then" in before
    assert _above(after.text) == before
    families.happens(
        "child.c-1",
        *[
            SafetyViolationResolved(violation_id=one, officer="o", outcome="confirmed")
            for one in ("v-1", "v-2")
        ],
    )
    families.happens("privacy.c-1", ErasureCompleted(request="r-1", keys=1, events=2))
    handle()
    erased = _above(officer.get(address).text)
    assert "Today: erased" in erased
    assert "Today: this child is erased" in erased
    without = re.sub(r"Today: (erased|this child is erased.*?neither\.) ?", "", erased)
    assert without == before
    now = _above(officer.get(pinned(officer)).text)
    assert "Today:" not in now
    assert "Legal hold then" in now
    assert "This child is erased" in now


def test_before_its_registration_a_child_was_not_registered_then(
    families: Families, officer: Client
) -> None:
    families.registers("c-1", "p-1")
    handle()

    then = _above(officer.get(pinned(officer, "2026-06-14")).text)

    assert "Not registered then" in then
    assert "Never registered" not in then


def _above(text: str) -> str:
    """What is said above the page's parts, without the line that says how much is newer."""
    shown = text.partition("<h1")[2].partition('<div class="cols wide-side">')[0]
    assert shown
    said = re.sub(
        r"<[^>]*>",
        " ",
        re.sub(r'<p class="note" data-tone="info">.*?</p>', "", shown, flags=re.DOTALL),
    )
    return " ".join(said.partition(">")[2].split())


def test_what_was_so_then_is_told_from_today_and_from_what_nobody_knew(
    families: Families, officer: Client
) -> None:
    families.registers("c-1", "p-1", language="de")
    granted = families.allows("p-1", "c-1")
    families.withdraws("p-1", "c-1")
    long_ago = granted.recorded_at - timedelta(days=40)
    families.happens(
        "privacy.c-1",
        HoldPlaced(hold_id="h-1", scope="all", clause="s.4"),
        occurred_at=long_ago,
    )
    handle()

    moment = granted.recorded_at.replace(tzinfo=None).isoformat() + "Z"
    text = " ".join(officer.get(pinned(officer, moment)).text.split())

    assert "granted under policy 1" in text
    assert "now: withdrawn" in text
    assert "could not be known then: binds, clause s.4" in text
    assert "Legal hold placed" in text
    early = (granted.recorded_at - timedelta(days=2)).date().isoformat()
    before = " ".join(officer.get(pinned(officer, early)).text.split())
    assert "granted under policy 1" not in before.partition("Could not be known")[0]


def test_the_fact_after_a_moment_is_the_next_one_that_was_recorded(
    families: Families, officer: Client
) -> None:
    families.registers("c-1", "p-1")
    granted = families.allows("p-1", "c-1")
    handle()

    text = officer.get(pinned(officer, "2026-06-14")).text
    [following] = re.findall(r'href="([^"]*)">Fact after', text)
    first = officer.get(following.replace("&amp;", "&")).text

    assert "language" in first
    last = granted.recorded_at.replace(tzinfo=None).isoformat() + "Z"
    assert "Fact after" not in officer.get(pinned(officer, last)).text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("at=x", 400), ("at=2999-01-01", 400), ("at=2026-06-14T25:00Z", 400), ("at=2026-06-14&zone=x", 400),
        ("at=2026-06-14T10:00:00Z&cut=x", 302), ("at=2026-06-14T10:00:00Z&cut=*", 400), ("at=2026-06-14", 302),
    ],
)  # fmt: skip
def test_a_moment_that_is_none_is_refused(
    families: Families, officer: Client, query: str, status: int
) -> None:
    lives(families)

    answer: Any = officer.get(f"/admin/children/c-1/as-of/?{query}")

    if "cut=x" in query:
        assert answer.status_code == 400
    else:
        assert answer.status_code == status


def test_a_profile_is_masked_until_it_is_revealed_and_that_is_recorded_first(
    families: Families, officer: Client
) -> None:
    lives(families)
    address = pinned(officer)
    masked = officer.get(address)
    Recorder.forget()

    answer = officer.post(address)

    assert "Mia" not in masked.text
    assert "20:00" not in masked.text
    assert answer.status_code == 200
    assert "Mia" in answer.text
    assert "20:00" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert [look["kind"] for look in Recorder.said] == ["reveal"]


@pytest.mark.parametrize("role", ["external_auditor", "data_protection_officer"])
def test_who_may_not_reveal_is_refused_and_nothing_is_opened(
    families: Families, role: str
) -> None:
    lives(families)
    client = client_as(role)
    address = pinned(client)
    Recorder.forget()

    answers = [
        client.post(address),
        client.post("/admin/conversations/t-c-1/reveal/", {"version": "2"}),
    ]

    assert [one.status_code for one in answers] == [403, 403]
    assert not Recorder.said
    assert 'id="reveal"' not in client.get("/admin/conversations/t-c-1/").text


def test_a_key_store_that_does_not_answer_is_said_and_nothing_reads_as_empty(
    families: Families, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives(families)
    address = pinned(officer)

    def silent(*_: object) -> None:
        raise KeyStoreUnavailable

    monkeypatch.setattr(KeyOpener, "prepare", silent)

    for answer in (
        officer.post(address),
        officer.post("/admin/conversations/t-c-1/reveal/", {"version": "2"}),
    ):
        assert answer.status_code == 200
        assert "the key store does not answer" in answer.text
        assert "not said" not in answer.text.partition('id="profile-h"')[2]


# ---- a conversation --------------------------------------------------------------------------------------------------


def test_a_transcript_is_masked_and_says_what_was_judged(
    families: Families, officer: Client
) -> None:
    lives(families)
    Recorder.forget()

    answer = officer.get("/admin/conversations/t-c-1/")

    text = " ".join(answer.text.split())
    assert answer.status_code == 200
    assert "sad" not in text
    assert "Hidden, 1 word" in text
    assert "judged by" in text
    assert text.count("no safety filter has judged it") == 2
    assert 'model <span class="mono">bear-4</span>' in text
    assert "High violation here" in text
    assert "2 of 3 messages not judged" in text
    [look] = Recorder.said
    assert (look["subjects"], look["object"]) == (["c-1"], "conversation.t-c-1")


def test_no_violation_reads_unknown_while_a_message_is_not_judged(
    families: Families, officer: Client
) -> None:
    families.talks("t-1", "c-1", "Hello")
    handle()
    unknown = officer.get("/admin/conversations/t-1/").text
    families.happens(
        "conversation.t-1",
        MessageScreened(
            child_id="c-1", message_version=2, detector="d", policy_version="1"
        ),
    )
    behind = officer.get("/admin/conversations/t-1/").text
    handle()

    judged = officer.get("/admin/conversations/t-1/").text

    assert "Violations: unknown" in unknown
    assert "Violations: unknown" in behind
    assert "0 violations, all messages judged" in judged


def test_a_reveal_opens_what_was_asked_and_no_more(
    families: Families, officer: Client
) -> None:
    lives(families)
    Recorder.forget()

    answer = officer.post("/admin/conversations/t-c-1/reveal/", {"version": "2"})

    assert answer.status_code == 200
    assert "I am sad" in answer.text
    assert "Why?" not in answer.text
    assert "times in UTC" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    [look] = Recorder.said
    assert (look["kind"], look["object"]) == ("reveal", "conversation.t-c-1/2")
    officer.post("/admin/conversations/t-c-1/reveal/", {"version": "2"})
    assert len(Recorder.said) == 2
    everything = officer.post("/admin/conversations/t-c-1/reveal/", {"all": "2,3,4"})
    assert "Why?" in everything.text
    assert Recorder.said[-1]["object"] == "conversation.t-c-1/2-4"


def test_who_opened_what_stands_on_the_page(
    families: Families, officer: Client
) -> None:
    lives(families)
    families.looks(
        "officer-7",
        "c-1",
        kind="reveal",
        object="conversation.t-c-1/2",
        reference="C-1",
    )
    families.looks("officer-8", "c-1", kind="reveal", object="conversation.t-c-10/2")
    families.looks("officer-9", "c-1", kind="reveal", object="conversation.t-c-1/2-4")
    handle("accesses")

    text = " ".join(officer.get("/admin/conversations/t-c-1/").text.split())

    assert "officer-7" in text
    assert "officer-8" not in text
    assert "messages 2 to 4" in text
    assert "Audit, C-1" in text


def test_of_another_child_a_conversation_shows_nothing(
    families: Families, officer: Client
) -> None:
    lives(families)
    families.happens(
        "conversation.t-c-1",
        ChildSpoke(child_id="c-2", text="I am Tom"),
    )
    handle()

    page = officer.get("/admin/conversations/t-c-1/")
    version = re.findall(r'id="turn-(\d+)"', page.text)[-1]
    revealed = officer.post(
        "/admin/conversations/t-c-1/reveal/", {"all": f"2,{version}"}
    )
    alone = officer.post("/admin/conversations/t-c-1/reveal/", {"version": version})

    assert "Another child is named" in page.text
    assert "not shown on this child" in page.text
    assert "c-2" not in page.text
    assert revealed.status_code == 200
    assert "Tom" not in revealed.text
    assert alone.status_code == 404
    other = officer.get("/admin/children/c-2/").text
    assert "Named in a conversation of another child" in other
    assert "t-c-1" not in other


@pytest.mark.parametrize(
    "form",
    [
        {}, {"version": "x"}, {"version": "0" * 11}, {"all": ""}, {"all": "2,x"}, {"version": "-1"},
        {"all": ",".join(map(str, range(51)))},
    ],
)  # fmt: skip
def test_a_form_that_names_no_message_opens_nothing(
    families: Families, officer: Client, form: dict[str, str]
) -> None:
    lives(families)
    Recorder.forget()

    answer = officer.post("/admin/conversations/t-c-1/reveal/", form)

    assert answer.status_code == 400
    assert not Recorder.said


def test_a_reveal_that_cannot_be_recorded_shows_nothing(
    families: Families, officer: Client, settings: Any
) -> None:
    lives(families)
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": ""}

    answer = officer.post("/admin/conversations/t-c-1/reveal/", {"version": "2"})

    assert answer.status_code == 503
    assert "sad" not in answer.text


@pytest.mark.parametrize("conversation", ["t-9", "ü", "a" * 101, "t-c-1x"])
def test_a_conversation_that_is_not_there_is_not_there(
    families: Families, officer: Client, conversation: str
) -> None:
    lives(families)

    page = officer.get(f"/admin/conversations/{conversation}/")
    post = officer.post(
        f"/admin/conversations/{conversation}/reveal/", {"version": "2"}
    )

    assert page.status_code == post.status_code == 404
    assert officer.get("/admin/conversations/t-c-1/reveal/").status_code == 302


# ---- the list --------------------------------------------------------------------------------------------------------


def test_the_list_shows_children_and_records_each_of_them(
    families: Families, officer: Client
) -> None:
    lives(families, "c-1")
    lives(families, "c-10")
    families.detects("c-3", "v-9")
    handle()
    Recorder.forget()

    answer = officer.get("/admin/children/")

    assert answer.status_code == 200
    assert answer.text.count("data-row-link") == 3
    [look] = Recorder.said
    assert (look["kind"], set(look["subjects"])) == ("list", {"c-1", "c-10", "c-3"})
    assert "Never registered" in answer.text
    assert "of whom only a conversation is known is not on this list" in answer.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("language=de", {"c-1"}),
        ("open=at+least+one", {"c-1", "c-3"}),
        ("registered_from=2020-01-01", {"c-1", "c-2"}),
        ("registered_to=2020-01-01", set()),
        ("registered_from=2020-01-01&language=en", {"c-2"}),
        ("open=at+least+one&language=de", {"c-1"}),
    ],
)
def test_the_list_is_narrowed(
    families: Families, officer: Client, query: str, expected: set[str]
) -> None:
    families.registers("c-1", "p-1", language="de")
    families.detects("c-1", "v-1")
    families.registers("c-2", "p-1", language="en")
    families.detects("c-3", "v-1")
    handle()

    answer = officer.get(f"/admin/children/?{query}")

    assert (
        set(re.findall(r'href="/admin/children/([^/"?]+)/"', answer.text)) == expected
    )
    if not expected:
        assert "No child fits" in answer.text


def test_pages_cost_no_more_queries_than_they_may(
    families: Families, officer: Client
) -> None:
    lives(families)
    lives(families, "c-2")
    asked = {
        "/admin/children/": 8,
        "/admin/children/?language=de&registered_from=2020-01-01": 8,
        "/admin/children/c-1/": MOST,
        "/admin/children/c-1/?clock=recorded&lane=view": MOST,
        pinned(officer): MOST,
        "/admin/conversations/t-c-1/": 8,
    }
    for address, most in asked.items():
        with CaptureQueriesContext(connection) as made:
            assert officer.get(address).status_code == 200
        assert len(made) <= most, (address, [q["sql"][:90] for q in made])

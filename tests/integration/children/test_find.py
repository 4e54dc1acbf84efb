"""Whatever an officer has at hand leads to the page, and what was typed stands nowhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.clock import SystemClock
from eventstore.errors import AccessNotRecorded, KeyStoreUnavailable
from eventstore.subscriptions.registering import register
from teddy_es.domain.parent import ParentRegistered
from teddy_es.parents import following
from tests.support.families import Families, handle
from tests.support.following import follow, follower
from tests.support.recorders import Recorder
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client

ADDRESS = "Ann.Smith@Example.org"


@pytest.fixture
def reviewer(families: Families) -> Client:
    """Somebody who may see children and no events."""
    del families
    return client_as("reviewer")


def lives(families: Families) -> None:
    families.happens("parent.p-1", ParentRegistered(name="Ann", email=ADDRESS))
    families.registers("c-1", "p-1")
    families.registers("c-10", "p-2")
    families.talks("t-1", "c-1", "Hello")
    families.talks("t-2", "c-4", "Hello")
    families.detects("c-1", "v:1")
    families.detects("c-10", "v-2")
    families.detects("c-1", "v-2")
    handle()
    register(following, SystemClock())
    follow(follower(following))
    Recorder.forget()


def found(client: Client, text: str) -> str:
    answer: Any = client.post("/admin/find/", {"q": text})
    assert answer.status_code == 302, answer.status_code
    address: str = answer.headers["Location"]
    return address


@pytest.mark.parametrize(
    ("text", "address", "whose"),
    [
        ("c-1", "/admin/children/c-1/", {"c-1"}),
        (" c-10 ", "/admin/children/c-10/", {"c-10"}),
        ("c-4", "/admin/children/c-4/", {"c-4"}),  # by its conversation alone
        ("t-1", "/admin/conversations/t-1/", {"c-1"}),
        ("v:1", "/admin/violations/c-1/case/v:1/", {"c-1"}),
        ("p-2", "/admin/children/c-10/", {"c-10"}),
        (" ann.smith@EXAMPLE.org", "/admin/children/c-1/", {"c-1", "p-1"}),
    ],
)
def test_what_one_has_leads_to_it_and_is_recorded(
    families: Families, reviewer: Client, text: str, address: str, whose: set[str]
) -> None:
    lives(families)

    assert found(reviewer, text) == address

    [look] = Recorder.said
    assert (look["kind"], set(look["subjects"]), look["object"]) == (
        "list",
        whose,
        "find",
    )


def test_what_several_have_is_chosen_from(families: Families, reviewer: Client) -> None:
    lives(families)

    answer = reviewer.post("/admin/find/", {"q": "v-2"})

    assert answer.status_code == 200
    assert 'href="/admin/violations/c-1/case/v-2/"' in answer.text
    assert 'href="/admin/violations/c-10/case/v-2/"' in answer.text
    [look] = Recorder.said
    assert set(look["subjects"]) == {"c-1", "c-10"}


def test_a_parent_of_several_children_is_chosen_from(
    families: Families, reviewer: Client
) -> None:
    lives(families)
    families.registers("c-2", "p-1")
    handle("children")

    answer = reviewer.post("/admin/find/", {"q": ADDRESS})

    assert answer.status_code == 200
    assert 'href="/admin/children/c-1/"' in answer.text
    assert 'href="/admin/children/c-2/"' in answer.text
    assert "xample" not in answer.text


@pytest.mark.parametrize(
    "text",
    ["", "c-2", "c", "C-1", "nobody@example.org", "@", "a\0b", "ü", "<b>", "x" * 400],
)
def test_what_nobody_has_is_said_and_not_repeated(
    families: Families, reviewer: Client, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    lives(families)

    with caplog.at_level(logging.DEBUG):
        answer = reviewer.post("/admin/find/", {"q": text})

    assert answer.status_code in {400, 404}
    assert "nobody@" not in answer.text + caplog.text
    assert not Recorder.said


def test_who_may_not_see_events_finds_none(
    families: Families, reviewer: Client
) -> None:
    lives(families)
    [event, *_] = families.store.read("child.c-1")
    texts = [
        str(event.metadata.event_id),
        str(event.commit_id),
        str(event.position),
        "child.c-1",
    ]
    officer = client_as("compliance_officer")

    for text in texts:
        assert reviewer.post("/admin/find/", {"q": text}).status_code == 404
        assert found(officer, text).startswith(("/admin/events/", "/admin/streams/"))


def test_a_silent_key_store_is_no_empty_answer(
    families: Families, reviewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives(families)

    def silent(_: str) -> None:
        raise KeyStoreUnavailable

    monkeypatch.setattr("audit.find.persons.find_parent", silent)

    answer = reviewer.post("/admin/find/", {"q": ADDRESS})

    assert answer.status_code == 503
    assert "xample" not in answer.text


def test_a_look_up_asks_little(families: Families, reviewer: Client) -> None:
    lives(families)
    officer = client_as("compliance_officer")
    for client, text in ((reviewer, "c-1"), (reviewer, ADDRESS), (officer, "t-1")):
        found(client, text)
        with CaptureQueriesContext(connection) as made:
            found(client, text)
        assert len(made) <= 10, [q["sql"][:80] for q in made]


KNOWN = "A parent registered with this address"


@pytest.fixture
def childless(families: Families) -> None:
    """Of whom nothing but the registration is known."""
    families.happens("parent.p-1", ParentRegistered(name="Ann", email=ADDRESS))
    register(following, SystemClock())
    follow(follower(following))
    Recorder.forget()


@pytest.mark.usefixtures("childless")
def test_that_a_parent_without_a_child_is_known_is_recorded_before_it_is_said(
    reviewer: Client,
) -> None:
    answer = reviewer.post("/admin/find/", {"q": ADDRESS})

    assert answer.status_code == 404
    assert KNOWN in answer.text
    [look] = Recorder.said
    assert (look["subjects"], look["object"]) == (["p-1"], "find")


@pytest.mark.usefixtures("childless")
def test_that_a_parent_is_known_is_not_said_where_it_cannot_be_recorded(
    reviewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object) -> None:
        raise AccessNotRecorded("the log is silent")  # noqa: EM101  (a reason)

    monkeypatch.setattr("audit.looking.record", fails)

    answer = reviewer.post("/admin/find/", {"q": ADDRESS})

    assert answer.status_code == 503
    assert KNOWN not in answer.text

"""A purpose is chosen before a page shows persons' data, holds for the session, and ends with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.roles import client_as, client_of, somebody

if TYPE_CHECKING:
    from django.test import Client

    from tests.plugins.mirrored import Mirrored

STREAM = "/admin/streams/conversation.conv-1/"
FORM = "/admin/purpose/"


@pytest.fixture
def asking(mirrored: Mirrored, recorder: list[dict[str, Any]]) -> Client:
    """A compliance officer who has chosen nothing yet, and something to look at."""
    mirrored.commit()
    return client_as("compliance_officer", purpose=None)


def chosen(client: Client) -> dict[str, str] | None:
    found: dict[str, str] | None = client.session.get("purpose")
    return found


def test_a_page_asks_what_for_and_shows_nothing_until_then(
    asking: Client, recorder: list[dict[str, Any]]
) -> None:
    answer = asking.get(STREAM)

    assert answer.status_code == 403
    assert "ConversationStarted" not in answer.text
    assert f'name="next" value="{STREAM}"' in answer.text
    assert recorder == []


def test_then_it_goes_on_to_what_was_wanted(
    asking: Client, recorder: list[dict[str, Any]]
) -> None:
    answer = asking.post(
        FORM,
        {"purpose": "complaint", "reference": "C-7", "next": f"{STREAM}?order=newest"},
        follow=True,
    )

    assert answer.redirect_chain == [(f"{STREAM}?order=newest", 302)]
    assert "ConversationStarted" in answer.text
    assert "Complaint · C-7" in answer.text
    [said] = recorder
    assert (said["purpose"], said["reference"]) == ("complaint", "C-7")


@pytest.mark.parametrize(
    "wanted",
    ["https://elsewhere.example/", "//elsewhere.example", "/no/such", "", "\0"],
)
def test_a_form_leads_nowhere_else(asking: Client, wanted: str) -> None:
    answer = asking.post(FORM, {"purpose": "incident", "next": wanted})

    assert answer.headers["Location"] == "/admin/"


@pytest.mark.parametrize(
    "form",
    [
        {"purpose": "curiosity"},
        {"purpose": ""},
        {},
        {"purpose": "complaint"},
        {"purpose": "incident", "reference": "two words"},
    ],
)
def test_what_is_no_purpose_is_refused_and_what_was_typed_stays(
    asking: Client, form: dict[str, str]
) -> None:
    answer = asking.post(FORM, {**form, "next": STREAM})

    assert answer.status_code == 400
    assert chosen(asking) is None
    assert form.get("reference", "") in answer.text
    assert f'name="next" value="{STREAM}"' in answer.text


def test_it_stands_on_every_page_and_changes_in_one_step(asking: Client) -> None:
    asking.post(FORM, {"purpose": "incident", "reference": "", "next": "/admin/"})
    assert "Incident" in asking.get("/admin/").text

    answer = asking.post(
        FORM, {"purpose": "audit", "next": "/admin/jobs/"}, follow=True
    )

    assert answer.redirect_chain == [("/admin/jobs/", 302)]
    assert chosen(asking) == {"code": "audit", "reference": None}


def test_it_ends_with_the_session(asking: Client, mirrored: Mirrored) -> None:
    user = somebody("compliance_officer")
    client = client_of(user, "incident")

    client.post("/admin/logout/")
    client.force_login(user)

    assert chosen(client) is None
    assert client.get(STREAM).status_code == 403


def test_one_that_is_no_more_on_the_list_is_chosen_anew(asking: Client) -> None:
    session = asking.session
    session["purpose"] = {"code": "curiosity", "reference": None}
    session.save()

    assert asking.get(STREAM).status_code == 403


def test_what_was_sent_goes_on_with_the_choice(asking: Client) -> None:
    typed = {"q": "conversation.conv-1"}

    answer = asking.post("/admin/find/", typed)

    assert answer.status_code == 403
    assert "Nothing was done yet with what you sent" in answer.text
    assert '<input type="hidden" name="q" value="conversation.conv-1">' in answer.text
    assert 'action="/admin/find/"' in answer.text
    assert asking.post("/admin/find/", typed | {"_purpose": "none"}).status_code == 400
    assert chosen(asking) is None
    sent = typed | {"_purpose": "complaint", "_reference": "C-1"}
    assert asking.post("/admin/find/", sent).headers["Location"] == STREAM
    assert chosen(asking) == {"code": "complaint", "reference": "C-1"}


def test_a_look_by_its_address_alone_chooses_nothing(asking: Client) -> None:
    answer = asking.get(f"{STREAM}?_purpose=incident")

    assert answer.status_code == 403
    assert chosen(asking) is None


@pytest.mark.parametrize("role", ["operator", "staff"])
def test_who_sees_nothing_of_anybody_is_not_asked(
    role: str, request: pytest.FixtureRequest, asking: Client
) -> None:
    client = (
        request.getfixturevalue("staff")
        if role == "staff"
        else client_as("operator", purpose=None)
    )

    assert client.get(FORM).status_code == 403
    assert "purpose-sheet" not in client.get("/admin/").text

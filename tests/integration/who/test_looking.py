"""What a page shows of persons is in the ledger before the answer; where it cannot be, nothing is shown; nobody can forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from audit.access import Capability
from audit.addresses import event_address
from audit.frame.answering import answering
from audit.frame.looks import NothingRecorded, begin, looks_of
from audit.frame.page import Page, Shows
from audit.frame.refusals import PageRefused
from audit.looking import looks_at, opener_for
from audit.people.persons import persons_named, persons_of
from audit.purpose import as_kept, purpose_from
from eventstore.errors import AccessNotRecorded
from tests.plugins.mirrored import Mirrored, an_event
from tests.support.roles import client_as, somebody

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db

BROKEN: Final = {"ACCESS_RECORDER": "tests.support.recorders.BrokenRecorder"}


def asked_by(user: User, purpose: str = "incident") -> HttpRequest:
    request = RequestFactory().get("/somewhere/")
    request.session = SessionStore()
    request.session.update(as_kept(purpose_from(purpose, "C-1")))
    request.user = user
    return request


def page_that(view: Callable[..., HttpResponse], shows: Shows = Shows.VIEW) -> Page:
    return Page("one", "one/", view, Capability.SEE_CHILDREN, None, shows=shows)


def test_a_look_says_who_at_whom_why_and_what(recorder: list[dict[str, Any]]) -> None:
    user = somebody("reviewer")
    request = asked_by(user)
    begin(request, Shows.VIEW)

    looks_at(request, ["child-2", "child-1", "child-2"], "child.child-2")
    looks_at(request, ["child-2"], "child.child-2")

    first, second = recorder  # repeated looks stay apart
    assert first == {
        "kind": "view",
        "purpose": "incident",
        "subjects": ["child-1", "child-2"],
        "object": "child.child-2",
        "reference": "C-1",
        "actor": f"officer-{user.pk}",
        "actor_kind": "officer",
    }
    assert second["subjects"] == ["child-2"]


def test_a_page_that_recorded_nothing_is_no_page(
    recorder: list[dict[str, Any]],
) -> None:
    def forgets(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("Mia")

    for kind in Shows:
        with pytest.raises(NothingRecorded):
            answering(page_that(forgets, kind))(asked_by(somebody("reviewer")))


@pytest.mark.parametrize("status", [302, 404, 503])
def test_an_answer_that_shows_nothing_needs_no_record(
    status: int, recorder: list[dict[str, Any]]
) -> None:
    def refuses(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status)

    answer = answering(page_that(refuses))(asked_by(somebody("reviewer")))

    assert answer.status_code == status


def test_a_page_that_is_not_listed_as_one_cannot_look(
    recorder: list[dict[str, Any]],
) -> None:
    with pytest.raises(LookupError):
        looks_at(asked_by(somebody("reviewer")), ["child-1"])
    with pytest.raises(LookupError):
        looks_of(asked_by(somebody("reviewer")))


@pytest.mark.parametrize("kind", list(Shows))
def test_what_cannot_be_recorded_is_refused(kind: Shows, settings: Settings) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, **BROKEN}
    request = asked_by(somebody("compliance_officer"))
    looks = begin(request, kind)

    with pytest.raises(PageRefused) as refused:
        looks_at(request, ["child-1"])

    assert refused.value.status == 503
    assert looks.recorded == set()
    assert isinstance(refused.value.__cause__, AccessNotRecorded)


@pytest.mark.parametrize(
    ("kind", "role"), [(Shows.REVEAL, "external_auditor"), (Shows.EXPORT, "reviewer")]
)
def test_who_may_not_reveal_or_export_is_refused_before_anything_is_recorded(
    kind: Shows, role: str, recorder: list[dict[str, Any]]
) -> None:
    request = asked_by(somebody(role))
    begin(request, kind)

    with pytest.raises(PageRefused) as refused:
        looks_at(request, ["child-1"])

    assert refused.value.status == 403
    assert recorder == []


@pytest.mark.parametrize("kind", list(Shows))
def test_nothing_is_opened_without_a_reveal_or_an_export_of_this_request(
    kind: Shows, recorder: list[dict[str, Any]]
) -> None:
    request = asked_by(somebody("compliance_officer"))
    begin(request, kind)
    with pytest.raises(LookupError):
        opener_for(request)

    looks_at(request, ["child-1"])

    if kind in {Shows.REVEAL, Shows.EXPORT}:
        assert opener_for(request) is not None
    else:
        with pytest.raises(LookupError):
            opener_for(request)


# -- the pages that there are


@pytest.fixture
def pages(mirrored: Mirrored) -> dict[str, str]:
    """Each kind of page that shows something of child-1."""
    [position] = mirrored.commit("conversation.conv-1", an_event(child_id="child-1"))
    return {
        "streams": "/admin/streams/",
        "events": "/admin/events/",
        "conversation.conv-1": "/admin/streams/conversation.conv-1/",
        "the event": event_address(position),
    }


def test_each_page_records_whose_data_it_shows(
    pages: dict[str, str], recorder: list[dict[str, Any]]
) -> None:
    client = client_as("compliance_officer")

    for name, address in pages.items():
        recorder.clear()
        assert client.get(address).status_code == 200
        [said] = recorder
        assert said["subjects"] == ["child-1"], name
        is_list = name in {"streams", "events"}
        assert said["kind"] == ("list" if is_list else "view")
        assert said["object"] == (name if is_list else "conversation.conv-1")


@pytest.mark.parametrize(
    "name", ["streams", "events", "conversation.conv-1", "the event"]
)
def test_a_page_shows_nothing_where_the_ledger_cannot_be_written(
    pages: dict[str, str], name: str, settings: Settings
) -> None:
    client = client_as("compliance_officer")
    settings.EVENTSTORE = {**settings.EVENTSTORE, **BROKEN}

    answer = client.get(pages[name])

    assert answer.status_code == 503
    assert "could not be written down" in answer.text
    assert "conv-1" not in answer.text.partition("<main")[2].partition("</main")[0]
    assert "child-1" not in answer.text


# -- whom streams and events are about


def test_persons_are_found_whatever_the_stream(mirrored: Mirrored) -> None:
    mirrored.commit("conversation.conv-1", an_event(child_id="child-1"))
    mirrored.commit("conversation.conv-2", an_event(data={"child_id": 7}))

    found = persons_of(
        [
            *("conversation.conv-1", "conversation.conv-2", "conversation.none"),
            *(
                "child.child-2",
                "parent.parent-3",
                "privacy.child-4",
                "access.officer-1",
            ),
        ]
    )

    assert found == {"child-1", "child-2", "parent-3", "child-4"}
    assert persons_of([]) == set()


def test_an_event_names_persons_in_the_clear() -> None:
    assert persons_named(
        {"child_id": "c", "parent_id": "p", "subjects": ["s", 1, ""], "text": "x"}
    ) == {"c", "p", "s"}
    assert persons_named({"child_id": None, "subjects": "no list"}) == set()

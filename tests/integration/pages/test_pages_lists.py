"""What the lists show, how they are narrowed, and what a wrong address gets."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.test import Client

from audit.addresses import event_address
from tests.plugins.mirrored import Mirrored, an_event
from tests.support.panels import listed, rows


def test_an_empty_store_says_what_would_be_here(
    officer: Client, staff: Client, mirrored: Mirrored
) -> None:
    assert "As soon as a commit is accepted" in officer.get("/admin/events/").text
    assert "A stream appears with its first" in officer.get("/admin/streams/").text
    assert "No topics yet" in staff.get("/admin/").text


def test_a_page_names_the_next_one_with_its_filters(
    officer: Client, mirrored: Mirrored
) -> None:
    mirrored.commits(120)

    first = officer.get(
        "/admin/events/", {"type": "ConversationStarted", "correlation_id": ""}
    )
    cursor = listed(first).next
    second = officer.get(
        "/admin/events/", {"type": "ConversationStarted", "after": cursor}
    )

    assert f'href="?type=ConversationStarted&amp;after={cursor}"' in first.text
    assert [row.version for row in rows(second)] == list(range(70, 20, -1))
    assert 'rel="prev"' in second.text


def test_filters_narrow_the_list(officer: Client, mirrored: Mirrored) -> None:
    correlation = uuid4()
    mirrored.commits(2)
    mirrored.commit(
        "parent.p-1", an_event("ParentRegistered", correlation_id=correlation)
    )

    def found(**query: str) -> list[str]:
        return [row.event_type for row in rows(officer.get("/admin/events/", query))]

    assert found(type="ParentRegistered") == ["ParentRegistered"]
    assert found(correlation_id=str(correlation)) == ["ParentRegistered"]
    assert found(recorded_from="2026-11-23T09:00:03") == ["ParentRegistered"]
    assert found(recorded_to="2026-11-23T09:00:03Z") == ["ConversationStarted"] * 2
    assert found(recorded_from="2026-11-24") == []


def test_an_exact_event_id_leads_straight_to_the_event(
    officer: Client, mirrored: Mirrored
) -> None:
    event = an_event()
    [position] = mirrored.commit("conversation.a", event)

    answer = officer.get("/admin/events/", {"event_id": str(event.event_id)})

    assert answer.status_code == 302
    assert answer.headers["Location"] == event_address(position)


def test_an_event_id_in_two_streams_lists_both(
    officer: Client, mirrored: Mirrored
) -> None:
    event = an_event()
    mirrored.commit("conversation.a", event)
    mirrored.commit("conversation.b", event)

    answer = officer.get("/admin/events/", {"event_id": str(event.event_id)})

    assert len(rows(answer)) == 2


def test_an_event_id_that_nobody_has_says_so(
    officer: Client, mirrored: Mirrored
) -> None:
    answer = officer.get("/admin/events/", {"event_id": str(UUID(int=1))})

    assert "No event with this id" in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "after=nonsense",
        "before=%00",
        "after=W10&before=W10",
        "after=" + "A" * 5000,
        "after=WzEsMV0x",
        "after=é",
        "correlation_id=7",
        "causation_id=%00",
        "event_id=x",
        "type=a%00b",
        "type=%3Cscript%3E",
        "recorded_from=yesterday",
        "recorded_to=2026-02-30",
        "recorded_from=99999-01-01",
        "recorded_from=%D9%A2%D9%A0%D9%A2%D9%A6-01-01",
    ],
)
def test_a_wrong_address_gets_a_sentence(
    officer: Client, mirrored: Mirrored, query: str
) -> None:
    answer = officer.get(f"/admin/events/?{query}")

    assert answer.status_code == 400
    assert "This address is not right" in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/admin/streams/conversation.none/",
        "/admin/streams/%F0%9F%A7%B8/",
        "/admin/streams/" + "x" * 3000 + "/",
        "/admin/events/eventstore.conversation/0/0/0/",
        "/admin/events/eventstore.nothing/0/0/0/",
        "/admin/events/eventstore.conversation/999999/0/0/",
        "/admin/events/eventstore.conversation/0/99999999999999999999999/0/",
    ],
)
def test_what_is_not_there_gets_a_sentence(
    officer: Client, mirrored: Mirrored, address: str
) -> None:
    answer = officer.get(address)

    assert answer.status_code == 404
    assert "Nothing here" in answer.text


@pytest.mark.parametrize(
    "address", ["/admin/streams/a%00b/", "/admin/events/%00/0/0/0/"]
)
def test_a_character_that_no_name_has_is_refused(
    officer: Client, mirrored: Mirrored, address: str
) -> None:
    answer = officer.get(address)

    assert answer.status_code == 400
    assert "a character that nothing here has" in answer.text


def test_a_type_of_stream_that_is_none_is_refused_with_the_ones_there_are(
    officer: Client, mirrored: Mirrored
) -> None:
    answer = officer.get("/admin/streams/?type=nothing")

    assert answer.status_code == 400
    assert "conversation" in answer.text


@pytest.mark.parametrize(
    "stream_id", ["conversation.a:b", "conversation...", "conversation.-_-:."]
)
def test_odd_but_legal_stream_ids_have_their_page(
    officer: Client, mirrored: Mirrored, stream_id: str
) -> None:
    mirrored.commit(stream_id)
    listed = officer.get("/admin/streams/").text

    [address] = {
        part.split('"')[0]
        for part in listed.split('href="')[1:]
        if "/conversation." in part.split('"')[0]
    }

    assert officer.get(address).context["stream"].stream_id == stream_id


def test_a_look_up_finds_whatever_one_has_at_hand(
    officer: Client, mirrored: Mirrored
) -> None:
    event, commit, correlation = an_event(), uuid4(), uuid4()
    event = an_event(event_id=event.event_id, correlation_id=correlation)
    [position] = mirrored.commit("conversation.a", event, commit_id=commit)
    mirrored.commit("conversation.b", an_event(causation_id=UUID(int=9)))

    def found(text: object) -> str:
        return officer.post("/admin/find/", {"q": f" {text} "}).headers["Location"]

    assert found(event.event_id) == event_address(position)
    assert found(commit) == event_address(position)
    assert found(position) == event_address(position)
    assert found("conversation.a") == "/admin/streams/conversation.a/"
    assert found(correlation) == f"/admin/events/?correlation_id={correlation}"
    assert found(UUID(int=9)) == f"/admin/events/?causation_id={UUID(int=9)}"


@pytest.mark.parametrize(
    "text", ["", "anna at example", "<script>", "a\x00b", "a/1/2/3", "x/9/9/9"]
)
def test_a_look_up_of_nothing_says_so_and_repeats_nothing(
    officer: Client, mirrored: Mirrored, text: str
) -> None:
    answer = officer.post("/admin/find/", {"q": text})

    assert answer.status_code == 404
    assert "Nothing has exactly this id, address or position" in answer.text
    assert "anna" not in answer.text


def test_a_look_up_needs_its_token(officer: Client, mirrored: Mirrored) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = officer.cookies

    assert client.post("/admin/find/", {"q": "conversation.a"}).status_code == 403
    assert client.get("/admin/find/").headers["Location"] == "/admin/children/"

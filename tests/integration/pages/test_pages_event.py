"""An event's page: its evidence in words, and its payload harmless whatever stands in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from audit.addresses import event_address
from eventstore.conf import registry
from eventstore.events import Position, Sealed
from eventstore.lineage.ids import commit_of_destroyed
from eventstore.models import Event, Record
from tests.plugins.mirrored import Mirrored, an_event

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("tampering")

ILL_TYPED = "ConversationEnded"  # what data it is given here is none of its own


def shown(client: Client, position: Position) -> str:
    answer = client.get(event_address(position))
    assert answer.status_code == 200
    return answer.text


def test_it_shows_metadata_place_hash_and_payload(
    officer: Client, mirrored: Mirrored
) -> None:
    cause, commit = uuid4(), uuid4()
    event = an_event("ConversationEnded", causation_id=cause, child_id="child-7")
    [position] = mirrored.commit("conversation.a", event, commit_id=commit)

    page = shown(officer, position)

    for expected in (
        str(event.event_id),
        str(commit),
        str(position),
        f"?event_id={cause}",
        bytes(Record.objects.get().hash).hex(),
        "child-7",
        'datetime="2026-11-23T09:00:01.000000Z"',
        "Hash holds",
    ):
        assert expected in page
    assert "fails" not in page


def test_what_is_broken_is_said(officer: Client, mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    Record.objects.update(hash=b"\x00" * 32)

    page = shown(officer, position)

    assert "Evidence broken" in page
    assert "Hash holds" not in page


def test_an_index_that_lies_is_said(officer: Client, mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    Event.objects.update(event_type="ConversationEnded")

    assert "Evidence broken" in shown(officer, position)


def test_a_lost_record_is_said(officer: Client, mirrored: Mirrored) -> None:
    [position] = mirrored.commit()
    Record.objects.all().delete()

    page = shown(officer, position)

    assert "Evidence broken" in page
    assert "hold no event at this place" in page


def test_a_payload_with_markup_is_text(officer: Client, mirrored: Mirrored) -> None:
    bad = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"
    [position] = mirrored.commit("conversation.a", an_event(ILL_TYPED, data={bad: bad}))

    page = shown(officer, position)

    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "ill_typed" in page


def test_a_payload_with_template_syntax_is_text(
    officer: Client, mirrored: Mirrored
) -> None:
    [position] = mirrored.commit(
        "conversation.a",
        an_event(ILL_TYPED, data={"a": "{{ request.user }}{% debug %}"}),
    )

    assert "{{ request.user }}{% debug %}" in shown(officer, position)


def test_of_a_type_that_nobody_knows_no_field_is_shown(
    officer: Client, mirrored: Mirrored
) -> None:
    [position] = mirrored.commit(
        "conversation.a", an_event("Foreign", data={"about-zoe": "what zoe said"})
    )

    page = shown(officer, position)

    assert "zoe" not in page
    assert "unknown_type" in page
    assert "Hash holds" in page


def test_a_huge_payload_is_bounded(officer: Client, mirrored: Mirrored) -> None:
    [position] = mirrored.commit(
        "conversation.a", an_event(ILL_TYPED, data={"text": "<" * 900_000})
    )

    page = shown(officer, position)

    assert "more characters are not shown" in page
    assert len(page) < 1_000_000


def test_what_is_sealed_says_with_which_key(
    officer: Client, mirrored: Mirrored
) -> None:
    sealed = Sealed(str(UUID(int=5)), "AAAAAAAAAAAAAAAA", "AAAA")
    [position] = mirrored.commit("conversation.a", an_event(sealed=sealed))

    assert str(UUID(int=5)) in shown(officer, position)


def said(page: str) -> str:
    """What a person reads of it: the words without their tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def gone(mirrored: Mirrored, key_id: str, why: str, request: str | None) -> None:
    """The log says that a key of a child's is gone."""
    data = {"key_id": key_id, "why": why}
    if request is not None:
        data["request"] = request
    mirrored.commit(
        "privacy.child-1",
        an_event("KeyDestroyed", data=data),
        commit_id=commit_of_destroyed(UUID(key_id)),
    )


SEALED = Sealed(str(UUID(int=5)), "AAAAAAAAAAAAAAAA", "AAAA")


def test_what_is_sealed_is_said_in_words(officer: Client, mirrored: Mirrored) -> None:
    event = an_event("ChildSpoke", child_id="child-1", sealed=SEALED)
    [position] = mirrored.commit("conversation.a", event)
    gone(mirrored, str(UUID(int=6)), "erasure", "r-1")  # another one's key

    words = said(shown(officer, position))

    assert "What is sensitive in it is sealed, and not shown here." in words
    assert "erased" not in words
    assert SEALED.box not in words


@pytest.mark.parametrize(
    ("why", "request_", "sentence"),
    [
        ("erasure", "r-1", "(request r-1): its key is destroyed"),
        ("erasure", None, "(a request whose name is not known): its key is destroyed"),
        ("retention", None, "(its time of keeping was over): its key is"),
    ],
    ids=["erasure", "erasure-without-request", "retention"],
)
def test_what_is_erased_says_when_and_under_which_request(
    officer: Client,
    mirrored: Mirrored,
    why: str,
    request_: str | None,
    sentence: str,
) -> None:
    [position] = mirrored.commit("conversation.a", an_event(sealed=SEALED))
    gone(mirrored, SEALED.key, why, request_)

    words = said(shown(officer, position))

    assert "was erased on 2026-11-23 09:00:02.000 UTC" in words
    assert sentence in words
    assert "nobody can read it any more" in words
    assert "Hash holds" in words
    assert "is sealed, and" not in words


def test_a_domain_without_privacy_events_has_sealed_ones_shown_all_the_same(
    officer: Client, mirrored: Mirrored, monkeypatch: pytest.MonkeyPatch
) -> None:
    [position] = mirrored.commit("conversation.a", an_event(sealed=SEALED))
    monkeypatch.setattr(registry(), "privacy", None)

    assert "is sealed, and not shown" in said(shown(officer, position))


def test_what_another_writer_left_in_the_clear_is_not_shown(
    officer: Client, mirrored: Mirrored
) -> None:
    event = an_event("ChildSpoke", child_id="child-7", text="Hello bear")
    [position] = mirrored.commit("conversation.a", event)

    page = shown(officer, position)

    assert "Hello bear" not in page
    assert "sensitive_in_the_clear" in page
    assert "child-7" in page


def test_it_leads_to_its_neighbours_and_consequences(
    officer: Client, mirrored: Mirrored
) -> None:
    event = an_event()
    [before] = mirrored.commit("conversation.a")
    [position] = mirrored.commit("conversation.a", event)
    [after] = mirrored.commit("conversation.a")
    [caused] = mirrored.commit(
        "parent.b", an_event("ConsentGranted", causation_id=event.event_id)
    )

    page = shown(officer, position)

    for other in (before, after, caused):
        assert f'href="{event_address(other)}"' in page

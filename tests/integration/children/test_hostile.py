"""Whatever somebody writes into a field, a child's pages show it as text, in its place and in bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from teddy_es.domain.child import ChildProfileUpdated, ChildRegistered
from teddy_es.domain.conversation import ChildSpoke, TeddyReplied
from tests.support.families import Families, handle
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client

MARKUP = "</p><script>alert(1)</script>\"'&{{ x }}{% y %}"
SPOKEN = {
    "markup": MARKUP,
    "right to left": "\u202eevil\u202c \u2066x\u2069",
    "emoji": "👩‍👩‍👧 🏳️‍🌈 " * 20,
    "many lines": "a\nb\r\n\tc" * 50,
    "a hundred kilobytes": "word " * 20_000,
    "control letters": "a\x01\x1f\x7fb",
    "nothing": "",
}


@pytest.fixture
def officer(families: Families) -> Client:
    """Somebody who may see and reveal."""
    del families
    return client_as("compliance_officer")


@pytest.mark.parametrize("kind", SPOKEN)
def test_what_was_said_is_shown_as_text(
    families: Families, officer: Client, kind: str
) -> None:
    text = SPOKEN[kind]
    families.registers("c-1", "p-1")
    families.talks("t-1", "c-1", text)
    families.happens("conversation.t-1", TeddyReplied(child_id="c-1", text=text))
    handle()

    masked = officer.get("/admin/conversations/t-1/")
    revealed = officer.post("/admin/conversations/t-1/reveal/", {"all": "2,3"})

    for answer in (masked, revealed):
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
    assert len(masked.content) < 200_000
    assert "word word" not in masked.text
    if kind == "markup":
        assert "&lt;script&gt;alert(1)" in revealed.text
        assert "{{ x }}{% y %}" in revealed.text


@pytest.mark.parametrize("kind", [k for k in SPOKEN if k != "a hundred kilobytes"])
def test_what_a_profile_says_is_shown_as_text(
    families: Families, officer: Client, kind: str
) -> None:
    text = SPOKEN[kind][:1_000]
    families.happens(
        "child.c-1", ChildRegistered(parent_id="p-1", name=text or "x", language="de")
    )
    families.happens("child.c-1", ChildProfileUpdated(changes={"x": text}))
    handle()
    answer: Any = officer.get("/admin/children/c-1/as-of/")

    revealed = officer.post(answer.headers["Location"])

    assert revealed.status_code == 200
    assert "<script>alert" not in revealed.text
    if kind == "markup":
        assert revealed.text.count("&lt;script&gt;alert(1)") == 2


def test_a_page_of_the_longest_messages_stays_small_until_it_is_revealed(
    families: Families, officer: Client
) -> None:
    said = [ChildSpoke(child_id="c-1", text="word " * 2_000) for _ in range(20)]
    families.talks("t-1", "c-1")
    for one in said:
        families.happens("conversation.t-1", one, one, one)
    handle()

    page = officer.get("/admin/conversations/t-1/")

    assert page.text.count('class="turn"') == 50
    assert len(page.content) <= 200_000


def test_two_children_whose_ids_are_alike_are_two(
    families: Families, officer: Client
) -> None:
    for child in ("c-1", "C-1", "c_1", "c-1-"):
        families.registers(child, f"p-of-{child}")
        families.talks(f"t-of-{child}", child, "Hello")
    handle()

    for child in ("c-1", "C-1", "c_1", "c-1-"):
        text = officer.get(f"/admin/children/{child}/").text
        for other in ("c-1", "C-1", "c_1", "c-1-"):
            assert (f'"/admin/conversations/t-of-{other}/"' in text) == (other == child)

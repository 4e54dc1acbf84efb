"""Text from outside, shown: what is not seen is spelled out, and what people write stays as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.http import HttpRequest, HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from audit.events.json_view import JsonView
from audit.unseen import ShowUnseen, seen_html
from eventstore.management.tables import table
from eventstore.queries.unseen import code_point, unseen, visible, visible_json
from eventstore.subscriptions.operating import Order

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN = [
    *("\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u17b4", "\u17b5"),
    *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u180b"),
    *("\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u061c"),
    *("\U000e0001", "\U000e0041", "\U000e007f", "\U000e0100", "\ufe00", "\ufe0f"),
    *("\x00", "\x1b", "\x7f", "\x9b", "\u2028", "\u2029", "\u2800", "\u200a"),
    *("\ud800", "\ue000", "\U000fffff", "\uffff"),
]
SEEN = [
    *("Ada", "Łódź", "e\u0301", "日本\u3000語", "مرحبا", "हिन्दी", "한국어", "a\u00a0b"),
    *("❤\ufe0f", "☎\ufe0e", "1\ufe0f\u20e3", "👩🏽", "…", "“quoted”", "½ €"),
]


@pytest.mark.parametrize("character", HIDDEN, ids=code_point)
def test_what_is_not_seen_is_spelled_out_wherever_it_is_shown(character: str) -> None:
    text = f"a{character}b"

    spelled = code_point(character)
    assert unseen(text) == [spelled]
    assert visible(text) == f"a<{spelled}>b"
    if character != "\ud800":  # no page and no terminal gets one: it cannot be encoded
        assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text
    assert character not in JsonView({"text": text}).text
    assert character not in table(["name"], [[text]])
    page = seen_html(f'<p title="{text}">{text}</p><title>{text}</title>')
    assert character not in page or character in "\n\r\t"


@pytest.mark.parametrize("text", SEEN)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert not unseen(text)
    assert visible(text) == text
    assert seen_html(f"<p>{text}</p>") == f"<p>{text}</p>"


@given(st.text())
def test_nothing_else_is_changed(text: str) -> None:
    shown = visible(text)

    for character in dict.fromkeys(text):
        shown = shown.replace(f"<{code_point(character)}>", character)
    assert shown == text or "<U+" in text


def test_a_page_has_a_span_in_its_text_and_no_tag_where_none_can_stand() -> None:
    page = seen_html(
        '<title>a\u3164</title><p title="b\u3164">c\u3164</p><option>d\u3164</option>'
    )

    assert "<title>aU+3164</title>" in page
    assert 'title="bU+3164"' in page
    assert '<p title="bU+3164">c<span class="unseen"' in page
    assert "<option>dU+3164</option>" in page


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_it_is_done_to_pages_and_to_nothing_else(kind: str) -> None:
    given_ = "<p>a\u202eb</p>"
    answer: Callable[[HttpRequest], HttpResponse] = lambda _: HttpResponse(  # noqa: E731
        given_, content_type=kind
    )

    shown = ShowUnseen(answer)(HttpRequest())

    assert (shown.text == given_) == (kind == "application/json")


@pytest.mark.parametrize("character", ["\u3164", "\u202e", "\U000e0041", "\x1b"])
def test_a_reason_and_a_name_in_which_something_hides_are_refused(
    character: str,
) -> None:
    for by, reason in (("ada", f"be{character}cause"), (f"ada{character}", "because")):
        with pytest.raises(ValueError, match=code_point(character).replace("+", r"\+")):
            Order(by, reason)


def test_a_reason_has_lines() -> None:
    assert Order("ada", "first\nsecond\tthird").reason

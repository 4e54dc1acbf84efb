"""A payload on a page: readable, harmless, bounded."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.events.json_view import MAX_CHARACTERS, JsonView

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_the_page_shows_exactly_the_text_and_no_tag_but_its_own(
    data: dict[str, Any],
) -> None:
    view = JsonView(data)

    without_spans = re.sub(r'</span>|<span class="[a-z0-9]{1,3}">', "", view.html)

    assert "<" not in without_spans
    assert html.unescape(without_spans) == view.text


def test_a_script_is_text() -> None:
    view = JsonView({"<script>alert(1)</script>": "</pre><script>alert(2)</script>"})

    assert "<script" not in view.html
    assert "&lt;script&gt;alert(1)" in view.html


def test_names_texts_numbers_and_words_are_told_apart() -> None:
    shown = JsonView({"a": "b", "n": -1.5, "t": True}).html

    assert '<span class="nt">&quot;a&quot;</span>' in shown
    assert '<span class="s2">&quot;b&quot;</span>' in shown
    assert '<span class="mf">-1.5</span>' in shown
    assert '<span class="kc">true</span>' in shown


def test_characters_that_turn_text_round_are_spelled_out() -> None:
    shown = JsonView({"text": "abc\u202efed\u200b"}).text

    assert "\\u202e" in shown
    assert "\\u200b" in shown


def test_a_huge_payload_is_cut_and_says_by_how_much() -> None:
    view = JsonView({"text": "x" * 500_000})

    assert len(view.text) == MAX_CHARACTERS
    assert view.cut > 400_000
    assert len(view.html) < 2 * MAX_CHARACTERS


@pytest.mark.parametrize(
    "data",
    [
        {"n": [1] * 20_000},
        {"text": "'" * 20_000},
        {"text": "<" * 20_000},
        {"words": [True] * 20_000},
        {str(n): None for n in range(20_000)},
    ],
    ids=["numbers", "quotes", "tags", "words", "names"],
)
def test_however_a_payload_is_made_its_page_stays_light(data: dict[str, Any]) -> None:
    assert len(JsonView(data).html) < 120_000


@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_what_is_cut_is_counted(most: int) -> None:
    view = JsonView({"a": 1}, most=most)

    assert (len(view.text), view.cut) == (most, len('{\n  "a": 1\n}') - most)
    assert html.unescape(re.sub(r"<[^>]*>", "", view.html)) == view.text

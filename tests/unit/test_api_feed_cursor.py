"""The feed's cursors: what was written is read, for what it was given out for, under this key or one that it replaced; and shows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.api.feed import cursor
from eventstore.events import MAX_OFFSET, Cut, Place
from eventstore.log.topics import Topics

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

TOPICS = Topics({"eventstore.apple": 1, "eventstore.berry": 63}, 512)
CUTS = st.dictionaries(
    st.builds(Place, st.sampled_from(list(TOPICS.numbers)), st.integers(0, 511)),
    st.integers(1, MAX_OFFSET - 1),
).map(Cut)
ONE = Cut({Place("eventstore.apple", 3): 4711})


@given(CUTS)
def test_what_is_written_is_read(cut: Cut) -> None:
    text = cursor.written(cut, TOPICS, "feed", None)

    assert cursor.read(text, TOPICS, "feed", None) == cut
    assert cursor.written(cut, TOPICS, "feed", None) == text


@pytest.mark.parametrize(
    "about", [("feed",), ("feed", "b"), ("list", None), ("feed", None, None)]
)
def test_it_is_good_for_nothing_else(about: tuple[str | None, ...]) -> None:
    text = cursor.written(ONE, TOPICS, "feed", None)

    with pytest.raises(ValueError, match="not given out"):
        cursor.read(text, TOPICS, *about)


def test_no_letter_of_it_can_be_another() -> None:
    text = cursor.written(ONE, TOPICS, "feed")

    for n, letter in enumerate(text):
        other = text[:n] + ("A" if letter != "A" else "B") + text[n + 1 :]
        with pytest.raises(ValueError):  # noqa: PT011  (the codec's own, too)
            cursor.read(other, TOPICS, "feed")


@pytest.mark.parametrize("text", ["", "A", "ä", "====", "A" * 3_999, "a b", "a\n"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        cursor.read(text, TOPICS, "feed")


def test_a_key_that_was_replaced_still_reads(settings: Settings) -> None:
    text = cursor.written(ONE, TOPICS, "feed")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key"  # noqa: S105

    assert cursor.read(text, TOPICS, "feed") == ONE
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ValueError, match="not given out"):
        cursor.read(text, TOPICS, "feed")


def test_a_store_with_other_topics_or_fewer_partitions_refuses_it() -> None:
    text = cursor.written(ONE, TOPICS, "feed")

    for other in (Topics({"eventstore.pear": 2}, 512), Topics(TOPICS.numbers, 3)):
        with pytest.raises(ValueError, match="not given out"):
            cursor.read(text, other, "feed")


def test_it_is_as_long_for_many_events_as_for_few() -> None:
    few, many = (
        cursor.written(Cut({Place("eventstore.apple", 0): n}), TOPICS, "feed")
        for n in (1, MAX_OFFSET - 1)
    )

    assert len(few) == len(many)

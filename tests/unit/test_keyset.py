"""Cursors come back from outside: only what was given out is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.queries.keyset import (
    BadCursor,
    Key,
    Page,
    Wanted,
    cursor,
    page,
    read_cursor,
)

INSTANTS = st.integers(0, 253_402_300_799_999_999).map(
    lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
)


@given(INSTANTS, st.integers(0, 2**63 - 1))
def test_a_cursor_gives_back_its_key(instant: datetime, position: int) -> None:
    key = (instant, position)

    assert read_cursor(cursor(key), (datetime, int)) == key


@given(
    st.text(max_size=500) | st.binary(max_size=300).map(lambda b: b.decode("latin-1"))
)
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    try:
        key = read_cursor(text, (datetime, str))
    except BadCursor:
        return
    assert cursor(key) == text


@pytest.mark.parametrize(
    "key",
    [
        (1,),
        (1, 2, 3),
        (1, "a\x00b"),
        (1, "é"),
        (1, "x" * 193),
        (-1, "a"),
        (2**62, "a"),
        (True, "a"),
        (1.0, "a"),
        (None, "a"),
    ],
    ids=repr,
)
def test_a_key_of_another_form_is_refused(key: Key) -> None:
    with pytest.raises(BadCursor):
        read_cursor(cursor(key), (datetime, str))


def test_a_long_cursor_is_refused_unread() -> None:
    with pytest.raises(BadCursor):
        read_cursor("A" * 401, (int,))


def test_deep_nesting_is_refused() -> None:
    from base64 import urlsafe_b64encode

    with pytest.raises(BadCursor):
        read_cursor(urlsafe_b64encode(b"[" * 290).decode().rstrip("="), (int,))


def numbers(count: int, wanted: Wanted) -> Page[int]:
    """A list of the numbers 1..count, as a database would give it."""

    def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[int]:
        everything = range(1, count + 1) if onwards else range(count, 0, -1)
        edge = key[0] if key else None
        rows = [
            n for n in everything if edge is None or (n > edge if onwards else n < edge)
        ]
        return rows[:limit]

    return page(wanted, fetch, lambda n: (n,), (int,))


@given(st.integers(0, 40), st.integers(1, 10))
def test_going_on_shows_every_row_once(count: int, size: int) -> None:
    seen: list[int] = []
    after = None
    while True:
        found = numbers(count, Wanted(after=after, size=size))
        seen += found.rows
        after = found.next
        if after is None:
            break

    assert seen == list(range(1, count + 1))


@given(st.integers(1, 40), st.integers(1, 10))
def test_going_back_leads_to_the_first_page(count: int, size: int) -> None:
    found = numbers(count, Wanted(size=size))
    steps = 0
    while found.next is not None:
        found = numbers(count, Wanted(after=found.next, size=size))
        steps += 1
    for _ in range(steps):
        assert found.previous is not None
        found = numbers(count, Wanted(before=found.previous, size=size))

    assert found.previous is None
    assert list(found.rows) == list(range(1, min(count, size) + 1))


def test_going_back_to_a_rest_shows_the_whole_first_page() -> None:
    found = numbers(10, Wanted(before=cursor((3,)), size=5))

    assert list(found.rows) == [1, 2, 3, 4, 5]
    assert found.previous is None

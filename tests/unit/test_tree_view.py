"""The tree of causes as lists: well formed, escaped, with the page's own event marked."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from audit.events.tree_view import tree
from eventstore.events import Position
from tests.unit.test_causation import ANY, row

HOSTILE = "<script>alert(1)</script>\u202e"


class Nested(HTMLParser):
    """Fails where an element ends that has not begun, or stands where it may not."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.events = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "ul":
            assert not self.open or self.open[-1] == "li"
        if tag == "li":
            assert self.open[-1] == "ul"
            self.events += 1
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(html: str) -> Nested:
    found = Nested()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


@given(ANY, st.integers(1, 4))
def test_every_event_is_an_item_of_lists_that_end(
    made: list[tuple[int, int | None, int]], deepest: int
) -> None:
    rows = [row(n, *fields) for n, fields in enumerate(made)]
    resolved = Position("eventstore.conversation", 0, 0)

    html = tree(
        [replace(one, position=replaced(one.position)) for one in rows],
        resolved,
        deepest=deepest,
    )

    assert parsed(html).events == len(rows)
    assert html.count('aria-current="true"') == min(1, len(rows))


def replaced(position: Position) -> Position:
    return Position("eventstore.conversation", 0, position.offset)


def test_what_is_deeper_says_how_deep_and_what_comes_from_elsewhere_says_so() -> None:
    rows = [row(n, n + 1, n or None) for n in range(4)]
    rows = [replace(one, position=replaced(one.position)) for one in rows]

    html = tree(rows[1:], rows[1].position, deepest=2)

    assert html.count("<ul>") == 2
    assert "its cause is not among these" in html
    assert "level 3" in html


def test_hostile_text_is_text() -> None:
    one = replace(row(0, 1, None), stream_id=HOSTILE, event_type=HOSTILE)

    html = tree([replace(one, position=replaced(one.position))], Position("t", 0, 9))

    assert "<script" not in html

"""An event as the API shows it: the same JSON whoever asks, one line, nothing of what was not opened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.api.rendering import page, rendered
from eventstore.events import (
    SEALED_AWAY,
    EventMetadata,
    Position,
    RecordedEvent,
    Sealed,
    Withheld,
)

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
BOX = Sealed("6a7cf1f8-5b9c-4b3e-9d5b-0c1f0a4f7a04", "bm9uY2Vub25jZW4=", "Ym94")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def an_event(data: dict[str, Any] | None = None, **other: Any) -> RecordedEvent:
    """With whole seconds, as an instant is easily written short."""
    about = EventMetadata(UUID(int=1), "order.a", "Placed", 4, AT, UUID(int=2), None)
    place = Position("eventstore.order", 3, 4711, 2)
    return RecordedEvent(about, data or {}, 2, place, AT, UUID(int=3), **other)


def test_an_event_is_shown_with_all_that_is_known_of_it() -> None:
    shown = json.loads(rendered(an_event({"n": 1})))

    assert list(shown.items()) == [
        ("event_id", str(UUID(int=1))),
        ("stream_id", "order.a"),
        ("type", "Placed"),
        ("schema", 2),
        ("version", 4),
        ("occurred_at", "2026-11-30T09:00:00.000000Z"),
        ("recorded_at", "2026-11-30T09:00:00.000000Z"),
        ("correlation_id", str(UUID(int=2))),
        ("causation_id", None),
        ("commit_id", str(UUID(int=3))),
        ("position", "eventstore.order/3/4711/2"),
        ("data", {"n": 1}),
    ]


@pytest.mark.parametrize(
    ("withheld", "said"),
    [
        (SEALED_AWAY, {"reason": "sealed"}),
        (
            Withheld("erased", AT, "r-1"),
            {"reason": "erased", "at": "2026-11-30T09:00:00.000000Z", "request": "r-1"},
        ),
    ],
)
def test_of_what_was_not_opened_it_says_why_and_shows_no_box(
    withheld: Withheld, said: dict[str, str]
) -> None:
    written = rendered(an_event(sealed=BOX, withheld=withheld))

    assert json.loads(written)["withheld"] == said
    assert BOX.box.encode() not in written
    assert BOX.key.encode() not in written


def test_what_cannot_be_read_says_so() -> None:
    assert json.loads(rendered(an_event(problem="unknown_type")))["problem"] == (
        "unknown_type"
    )


@given(st.dictionaries(st.text(), JSON))
def test_data_is_what_was_written_in_one_line(data: dict[str, Any]) -> None:
    written = rendered(an_event(data))

    assert json.loads(written)["data"] == data
    assert not {b"\n"[0], b"\r"[0]} & set(written)


@pytest.mark.parametrize("events", [[], [b"{}"], [b'{"a":1}', b"{}"]])
@pytest.mark.parametrize("following", [None, "c-1"])
def test_a_page_is_its_events_and_the_cursor_behind_them(
    events: list[bytes], following: str | None
) -> None:
    shown = json.loads(page(events, following))

    assert shown == {"events": [json.loads(e) for e in events], "next": following}

"""The table of a stream's events is printed while it is read, and its parts fit together wherever it is divided."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from rich.console import Console

from eventstore.events import EventMetadata, Position, RecordedEvent
from eventstore.management.event_table import print_events

if TYPE_CHECKING:
    from collections.abc import Iterator

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def event(version: int) -> RecordedEvent:
    """With data of some length."""
    id_ = UUID(int=version)
    metadata = EventMetadata(id_, "order.a", "OrderPlaced", version, THEN, id_, None)
    return RecordedEvent(
        metadata,
        {"remark": "x" * (version * 13 % 70) + "\x1b"},
        1,
        Position("eventstore.order", 0, version, 0),
        THEN,
        id_,
        None,
        None,
    )


def printed(versions: range, *, rows: int, width: int) -> str:
    """What stands on a console of so many characters."""
    out = StringIO()
    console = Console(file=out, width=width)
    print_events(console, "order.a", map(event, versions), rows=rows)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
def test_the_parts_of_a_table_are_the_table(width: int, count: int) -> None:
    whole = printed(range(1, count + 1), rows=1_000, width=width)

    for rows in (1, 2, 3, 5):
        assert printed(range(1, count + 1), rows=rows, width=width) == whole
    assert whole.count("version") == 1
    assert whole.count("OrderPlaced") == count
    assert "\x1b" not in whole


def test_rows_are_printed_before_the_stream_is_read_to_its_end() -> None:
    out = StringIO()

    def events() -> Iterator[RecordedEvent]:
        for version in range(1, 100):
            # no more than a part waits
            assert out.getvalue().count("OrderPlaced") >= version - 4
            yield event(version)

    print_events(Console(file=out, width=160), "order.a", events(), rows=3)

    assert out.getvalue().count("OrderPlaced") == 99

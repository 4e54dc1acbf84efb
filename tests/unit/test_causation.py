"""The tree of causes holds every event once, whatever their writers named as causes, and its lists are closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.events.causation import Node, in_order, levels
from eventstore.events import Position
from eventstore.queries.browse import EventRow

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def row(n: int, event: int, cause: int | None, second: int | None = None) -> EventRow:
    at = BEGIN + timedelta(seconds=n if second is None else second)
    return EventRow(
        Position("t", 0, n),
        UUID(int=event),
        f"s.{n}",
        1,
        "Type",
        at,
        at,
        None,
        None if cause is None else UUID(int=cause),
    )


def shape(rows: Sequence[EventRow]) -> list[tuple[int, int]]:
    return [(node.row.event_id.int, node.depth) for node in in_order(rows)]


def test_a_cause_stands_before_what_it_caused() -> None:
    rows = [row(0, 1, None), row(1, 2, 1), row(2, 3, 2), row(3, 4, 1), row(4, 5, None)]

    assert shape(rows) == [(1, 0), (2, 1), (3, 2), (4, 1), (5, 0)]


def test_a_cause_that_is_not_here_is_said() -> None:
    [node] = in_order([row(0, 1, 9)])

    assert node == Node(row(0, 1, 9), 0, comes_from_elsewhere=True)
    assert not in_order([row(0, 1, None)])[0].comes_from_elsewhere


@pytest.mark.parametrize(
    "causes", [{1: 1}, {1: 2, 2: 1}, {1: 3, 2: 1, 3: 2}, {1: 2, 2: 1, 3: 1}]
)
def test_a_circle_begins_with_the_first_that_was_recorded(
    causes: dict[int, int],
) -> None:
    found = shape([row(n, event, cause) for n, (event, cause) in enumerate(causes.items())])  # fmt: skip

    assert found[0] == (1, 0)
    assert sorted(event for event, _ in found) == sorted(causes)


def test_of_two_events_with_one_id_the_first_is_the_cause() -> None:
    found = in_order([row(0, 1, None), row(1, 1, None), row(2, 2, 1)])

    assert [(node.row.position.offset, node.depth) for node in found] == [(0, 0), (2, 1), (1, 0)]  # fmt: skip


def test_a_cause_that_was_recorded_later_stands_above_all_the_same() -> None:
    assert shape([row(0, 2, 1, second=0), row(1, 1, None, second=5)]) == [(1, 0), (2, 1)]  # fmt: skip


def test_a_thousand_levels_are_no_trouble() -> None:
    rows = [row(n, n, n - 1 if n else None) for n in range(1000)]

    assert shape(rows)[-1] == (999, 999)
    assert max(begins for begins, _, _ in levels(in_order(rows), deepest=3)) == 1


ANY = st.lists(
    st.tuples(st.integers(0, 6), st.none() | st.integers(0, 6), st.integers(0, 3)),
    max_size=12,
)


@given(ANY)
def test_every_event_stands_there_once_below_its_cause(
    made: list[tuple[int, int | None, int]],
) -> None:
    rows = [row(n, *fields) for n, fields in enumerate(made)]

    nodes = in_order(rows)

    assert sorted(node.row.position for node in nodes) == sorted(one.position for one in rows)  # fmt: skip
    above: list[EventRow] = []
    for node in nodes:
        del above[node.depth :]
        assert len(above) == node.depth
        if above:
            assert node.row.causation_id == above[-1].event_id
        above.append(node.row)


@given(ANY, st.integers(1, 4))
def test_lists_begin_and_end_as_often_and_never_deeper_than_drawn(
    made: list[tuple[int, int | None, int]], deepest: int
) -> None:
    nodes = in_order([row(n, *fields) for n, fields in enumerate(made)])
    depth = 0
    for begins, _, ends in levels(nodes, deepest=deepest):
        depth += begins
        assert 1 <= depth <= deepest
        depth -= ends
    assert depth == 0

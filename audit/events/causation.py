"""What caused what, as a tree: pure. Whoever writes events may name any cause: one that is not here, itself, or one of its own consequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from eventstore.queries.browse import EventRow

DEEPEST: Final = 8
"""Levels that are drawn; what is deeper stands on the last of them."""


@dataclass(frozen=True, slots=True)
class Node:
    """An event in its place. depth: from 0. comes_from_elsewhere: its cause is not among these events."""

    row: EventRow
    depth: int
    comes_from_elsewhere: bool


def in_order(rows: Sequence[EventRow]) -> Sequence[Node]:
    """Each once: a cause, then what it caused with everything below it, by when they were recorded.

    A circle begins with the first of its events that was recorded. Of two events with one id the first is the cause.
    """
    by_time = sorted(rows, key=lambda row: (row.recorded_at, row.position))
    causes: dict[UUID, EventRow] = {}
    for row in by_time:
        causes.setdefault(row.event_id, row)
    caused: dict[int, list[EventRow]] = {}
    first: list[EventRow] = []
    for row in by_time:
        cause = causes.get(row.causation_id) if row.causation_id else None
        (first if cause is None or cause is row else caused.setdefault(id(cause), [])).append(row)  # fmt: skip
    nodes: list[Node] = []
    seen: set[int] = set()
    for root in (*first, *by_time):  # whoever is left stands in a circle
        nodes += _below(root, caused, seen, causes)
    return nodes


def _below(
    root: EventRow,
    caused: dict[int, list[EventRow]],
    seen: set[int],
    causes: dict[UUID, EventRow],
) -> Iterator[Node]:
    waiting = [(root, 0)]
    while waiting:
        row, depth = waiting.pop()
        if id(row) in seen:
            continue
        seen.add(id(row))
        yield Node(row, depth, bool(row.causation_id) and row.causation_id not in causes)  # fmt: skip
        waiting += [(one, depth + 1) for one in reversed(caused.get(id(row), []))]


def levels(
    nodes: Sequence[Node], *, deepest: int = DEEPEST
) -> Iterator[tuple[int, Node, int]]:
    """For writing nested lists: how many begin before a node (one at the most), the node, how many end behind it."""
    depths = [min(node.depth, deepest - 1) for node in nodes]
    for n, (node, depth) in enumerate(zip(nodes, depths, strict=True)):
        before = depths[n - 1] if n else -1
        after = depths[n + 1] if n + 1 < len(nodes) else -1
        yield int(depth > before), node, max(0, depth - after)

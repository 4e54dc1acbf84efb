"""Two lists of rows in position order, compared with each other both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.events import Place, Position, unpack
from eventstore.upkeep.verifier.findings import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[Any, ...]


def first_difference(
    place: Place,
    table: str,
    columns: Iterable[str],
    wanted: Sequence[Row],
    there: Sequence[Row],
) -> Difference | None:
    """Hold two lists of rows in position order against each other, both ways."""
    if len(wanted) == len(there) and list(wanted) == list(there):
        return None
    by_position = {row[0]: row for row in there}
    for row in wanted:
        other = by_position.pop(row[0], None)
        if other is None:
            return Difference(
                written_position(place, row[0]),
                f"the {table} lacks a row that the log demands",
            )
        if row != other:
            names = [n for n, a, b in zip(columns, row, other, strict=True) if a != b]
            return Difference(
                written_position(place, row[0]),
                f"the {table}'s row differs in {', '.join(names)}",
            )
    return Difference(
        written_position(place, min(by_position)),
        f"the {table} has a row that the log does not demand",
    )


def written_position(place: Place, packed: int) -> str:
    _, partition, offset, index = unpack(packed)
    return str(Position(place.topic, partition, offset, index))

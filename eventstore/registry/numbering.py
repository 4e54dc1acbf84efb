"""The numbers of stream types, compared with those that the database was made with.

A number is part of every packed position, and so of every row of mirror and index: under another one rows of one topic
are taken for another's. The registry says it, the partition rows have it from the creation; they must not come apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import LogMisconfigured
from eventstore.events import stream_type_in
from eventstore.protocol.positions import type_number_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NUMBERED: Final = " ".join(
    (
        "SELECT DISTINCT topic,",
        type_number_sql("id"),
        "FROM eventstore_partition ORDER BY 2, 1",
    )
)


def refuse_other_numbers(
    numbers: Mapping[str, int], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Raise `LogMisconfigured` where a topic's rows have another number than its registered type. rows: of `NUMBERED`."""
    for topic, number in rows:
        registered = numbers.get(topic)
        name = stream_type_in(topic)
        if registered is None:
            raise LogMisconfigured(
                topic,
                f"its rows have the number {number}, and no stream type {name} is registered",
                f"Register it again, stream_type({name!r}, number={number}): history has its streams, and no other type"
                " may ever have its number. Nothing was written.",
            )
        if registered != number:
            raise LogMisconfigured(
                topic,
                f"its stream type {name} is registered with the number {registered}, its rows have {number}",
                f"Put number={number} back where {name} is registered: a number is given once and never changed,"
                " for every stored position has it. Nothing was written.",
            )

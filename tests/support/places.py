"""Names by the partition that they hash into: no test leaves it to chance whether two streams are neighbours."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from eventstore.protocol.placement import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def names_in(
    partition: int, stream_type: str, partitions: int, stem: str = "s"
) -> Iterator[str]:
    """Names, without end, whose streams of this type live in this partition of so many."""
    names = (f"{stem}{n}" for n in count())
    return (
        n for n in names if partition_of(f"{stream_type}.{n}", partitions) == partition
    )

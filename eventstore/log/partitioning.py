"""With how many partitions a topic was written: its own records say so, for each lies where its key was put then.

Kafka lets partitions be added and keeps no note of the number at creation. So whoever makes the rows of a topic that
holds records already asks the log's beginning, and believes it more than a setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.errors import LogMisconfigured, PartitionStopped
from eventstore.events import Place
from eventstore.protocol.placement import murmur2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from eventstore.ports import Log

_SCAN_BYTES: Final = 1_000_000  # of each partition
_FEWEST: Final = 5  # streams; fewer lie anywhere by chance
_MOST_OF_THEM: Final = 0.9  # the rest may be another producer's fault


def refuse_another_count(
    log: Log, topic: str, partitions: int, *, max_bytes: int = _SCAN_BYTES
) -> None:
    """Raise `LogMisconfigured` if the topic was written with another number of partitions than it is to be read with.

    max_bytes: how much of the beginning of each partition is looked at.
    """
    keys: dict[int, set[bytes]] = {}
    for n in range(partitions):
        try:
            batch = log.read(Place(topic, n), 0, max_bytes=max_bytes)
        except PartitionStopped:  # whoever folds or verifies it says so
            continue
        keys[n] = {record.key for record in batch.records if record.key is not None}
    count = count_of(keys, partitions)
    if count is not None:
        raise LogMisconfigured(
            topic,
            f"its first records were written with {count} partitions, TEDDY_PARTITIONS says {partitions}: streams would be"
            " looked for where they are not",
            f"Set TEDDY_PARTITIONS={count}. If partitions were added to it: that is refused for good; carry the events"
            " over to a new store with export and import (docs/OPERATIONS.md, 'Partitions were added').",
        )


def count_of(keys: Mapping[int, AbstractSet[bytes]], partitions: int) -> int | None:
    """The number, below `partitions`, that explains more of the keys in their partitions; None if none does."""
    places = [
        (murmur2(key) & 0x7FFFFFFF, n) for n, some in keys.items() for key in some
    ]

    def explained(count: int) -> int:
        return sum(hashed % count == n for hashed, n in places)

    best = max(range(1, partitions + 1), key=explained, default=partitions)
    if len(places) < _FEWEST or explained(best) < _MOST_OF_THEM * len(places):
        return None
    return best if explained(best) > explained(partitions) else None

"""A bounded batch: from what is due to the snapshots of it, and to what could not be made."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eventstore.errors import StateWithheld
from eventstore.snapshots.builder.replaying import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.ports import Clock
    from eventstore.queries.snapshots import Due
    from eventstore.snapshots import Snapshot
    from eventstore.snapshots.builder.replaying import Replay


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a batch. scan: events looked through. size: bytes of states. seconds: of replaying."""

    snapshots: int = 500
    scan: int = 20_000
    size: int = 8_000_000
    seconds: float = 10.0


@dataclass(slots=True)
class Batch:
    """What one transaction writes. undone: what a bound has left for the next; problems: the first of each stream.

    withheld: states that hold what may not be kept. That is no fault and passes by no retry: such a version is done.
    """

    undone: dict[tuple[str, int], Due]
    snapshots: list[Snapshot] = field(default_factory=list)
    problems: dict[str, Problem] = field(default_factory=dict)
    events: int = 0
    size: int = 0
    withheld: int = 0

    def take(self, said: Snapshot | Problem) -> None:
        """A version is dealt with; with a problem that ends its stream, all that follow."""
        self.undone.pop((said.stream_id, said.version), None)
        if isinstance(said, Problem) and said.error == StateWithheld.code:
            self.withheld += 1
        elif isinstance(said, Problem):
            self.problems.setdefault(said.stream_id, said)
            if said.ends:
                for key in [key for key in self.undone if key[0] == said.stream_id]:
                    del self.undone[key]
        else:
            self.snapshots.append(said)
            self.size += len(said.state)


def replayed(
    replay: Replay[Any], due: Sequence[Due], clock: Clock, bounds: Bounds
) -> Batch:
    """Replay stream by stream, in the order of what is due first, until a bound is reached; at least one version."""
    deadline = clock.monotonic() + bounds.seconds
    batch = Batch({(one.stream_id, one.version): one for one in due})
    before = replay.events
    streams: dict[str, list[Due]] = defaultdict(list)
    for one in due:
        streams[one.stream_id].append(one)
    for stream_id, versions in streams.items():
        for said in replay.of(stream_id, versions):
            batch.take(said)
            if batch.size >= bounds.size or clock.monotonic() >= deadline:
                break
        else:
            continue
        break
    batch.events = replay.events - before
    return batch

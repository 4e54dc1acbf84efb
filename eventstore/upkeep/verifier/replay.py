"""One partition's fold over again, kept in memory from its first record on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eventstore.errors import UnknownRuleVersion
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry, Folded, State, StreamKey, fold
from eventstore.upkeep.verifier.findings import Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Place
    from eventstore.ports import Batch


@dataclass(slots=True)
class Replay:
    """The state of one partition's fold, kept in memory from its first record on."""

    place: Place
    partitions: int
    rule_version: int = 1
    last_recorded_at: int = 0
    heads: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    commits: set[StreamKey] = field(default_factory=set)
    event_ids: set[StreamKey] = field(default_factory=set)

    def fold(self, entries: Sequence[Entry]) -> Folded:
        """Judge the entries and take over what they change. Raises `UnknownRuleVersion` if this code cannot."""
        state = State(
            self.place,
            self.partitions,
            self.rule_version,
            self.last_recorded_at,
            self.heads,
            self.commits,
            self.event_ids,
        )
        folded = fold(state, entries)
        if len(folded.judged) < len(entries):
            stopped = entries[len(folded.judged)].offset
            raise UnknownRuleVersion(
                self.place.topic,
                self.place.partition,
                stopped,
                folded.rule_version + 1,
            )
        self.rule_version = folded.rule_version
        self.last_recorded_at = folded.last_recorded_at
        self.heads |= folded.heads
        self.commits |= folded.commits
        self.event_ids |= folded.event_ids
        return folded

    def stop_at(self, beyond: Batch | None) -> Difference | None:
        """What lies beyond the cursor is a lag, unless this code can never fold the first of it. The last question to a replay."""
        for record in beyond.records[:1] if beyond else ():
            content = decode(record.key, record.value)
            entry = Entry(
                record.offset, record.recorded_at, record.key, record.value, content
            )
            try:
                self.fold([entry])
            except UnknownRuleVersion as error:
                return Difference(f"{self.place}/{error.offset}", str(error))
        return None

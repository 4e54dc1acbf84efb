"""What a process knows of a partition at one cursor (rule 8).

A view is true as long as the cursor stands where this process left it: the compare-and-set of the flush is its
guard. Where others have moved the cursor it follows (`following`); an error or an unanswered COMMIT drops it whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from eventstore.protocol.positions import type_number_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from eventstore.events import Place
    from eventstore.protocol.fold import Folded, StreamKey

_serials = count(1)

# measured on CPython 3.11: an entry with its key, where the stream's id is as long as it may be
_HEAD_BYTES: Final = 330
_ID_BYTES: Final = 360


@dataclass(slots=True)
class View:
    """The state of a partition's fold, as far as this process has needed it.

    heads: 0 means "no such stream". commits, event_ids: of what this process folded itself since `serial`
    was drawn; whoever took an id for fresh remembers that number, and the id is fresh only while it stands.
    is_overtaken: it has lost a race, so somebody else has moved the cursor.
    max_heads, max_ids: beyond them all of the kind are forgotten, and looked up again when they are named (all views
    of an indexer together: `views`).
    """

    place: Place
    partition_id: int
    cursor: int
    generation: UUID
    partitions: int
    rule_version: int
    last_recorded_at: int
    heads: dict[str, int] = field(default_factory=dict)
    commits: set[StreamKey] = field(default_factory=set)
    event_ids: set[StreamKey] = field(default_factory=set)
    serial: int = field(default_factory=lambda: next(_serials))
    is_overtaken: bool = False
    max_heads: int = 100_000
    max_ids: int = 50_000

    @property
    def number(self) -> int:
        """The type's, which positions are packed with."""
        return type_number_of(self.partition_id)

    def lacks(self, streams: Iterable[str]) -> list[str]:
        """The streams whose heads must be looked up."""
        return [stream for stream in set(streams) if stream not in self.heads]

    def move(self, folded: Folded, cursor: int) -> None:
        """Take over what a committed fold has changed."""
        self.cursor = cursor
        self.is_overtaken = False
        self.rule_version = folded.rule_version
        self.last_recorded_at = folded.last_recorded_at
        self.heads |= folded.heads
        self.commits |= folded.commits
        self.event_ids |= folded.event_ids
        if len(self.heads) > self.max_heads:
            self.forget_heads()
        if len(self.commits) + len(self.event_ids) > self.max_ids:
            self.forget_ids()

    @property
    def size(self) -> int:
        """Bytes, by the longest ids that there may be."""
        ids = len(self.commits) + len(self.event_ids)
        return len(self.heads) * _HEAD_BYTES + ids * _ID_BYTES

    def forget_heads(self) -> None:
        """They are looked up again when they are named."""
        self.heads.clear()

    def forget_ids(self) -> None:
        """Ids taken for fresh before this moment are looked up from now on."""
        self.commits.clear()
        self.event_ids.clear()
        self.serial = next(_serials)

"""Commits out of lines: adjacent lines of one stream with the same commit id were one commit, and become one.

A commit is written as a whole or not at all, so a bad line takes the lines of its commit with it. To which
commit a line belongs that cannot be read is known by the commit id that it mentions, or by standing between
two lines of one commit.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from eventstore.events import MAX_COMMIT_EVENTS, NewEvent, stream_type_of
from eventstore.exchange.cloudevents import BadLine, ImportedEvent, parse_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from uuid import UUID

    from eventstore.exchange.importer.lines import Line

MAX_NAMES: Final = 20  # of attributes that are dropped; the rest is counted together
_MAX_DRAFT_BYTES: Final = 8_000_000  # a commit's lines; its record may have an eighth


@dataclass(frozen=True, slots=True)
class Refusal:
    """Lines that are not imported: `line` is the one to look at, `lines` how many they are."""

    line: int
    reason: str
    lines: int = 1
    size: int = 0


@dataclass(slots=True, eq=False)
class Draft:
    """A commit as far as its lines are read. `broken`: why nothing of it may be written.

    first_version: the version that its first event has, by what its lines say; None where none of them says one.
    """

    stream_id: str | None
    commit_id: UUID
    lines: list[int] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    size: int = 0
    broken: str | None = None
    first_version: int | None = None

    def add(self, line: Line, read: ImportedEvent) -> None:
        """One line more. What can never be written is not kept either: memory is bounded."""
        self._hold_version(len(self.lines), read.version)
        self.lines.append(line.number)
        self.size += line.size
        if len(self.lines) > MAX_COMMIT_EVENTS:
            self.fail(f"its commit has more than {MAX_COMMIT_EVENTS} lines")
        elif self.size > _MAX_DRAFT_BYTES:
            self.fail("its commit is too large")
        if self.broken is None:
            self.events.append(read.event)

    def _hold_version(self, index: int, version: int | None) -> None:
        """What a commit's lines say of its versions goes on from line to line."""
        if version is None:
            return
        first = version - index
        if self.first_version is None and first > 0:
            self.first_version = first
        elif self.first_version != first:
            self.fail(
                f"line {index + 1} of its commit says streamversion {version}, out of order"
            )

    def fail(self, reason: str) -> None:
        """Nothing of it may be written; the first reason is the one that counts."""
        self.broken = self.broken or reason
        self.events.clear()


class Grouper:
    """Feed it the lines in their order; what comes out are commits to write and lines to refuse.

    preceding: the line before the first one fed, so that nobody starts in the midst of a commit unawares.
    without: types of streams whose lines are left out, and counted. dropped: attributes that have no place in an event, and on how many lines each stood.
    """

    def __init__(
        self, preceding: Line | None = None, *, without: Collection[str] = ()
    ) -> None:
        self.dropped: dict[str, int] = {}
        self.left_out = 0
        self._without = without
        self._open: Draft | None = None
        self._seam: int | None = None  # an unreadable line behind the open draft
        self._seen = Seen()
        if preceding is not None:
            self._begin_behind(preceding)

    @property
    def open_line(self) -> int | None:
        """The first line of the commit that is not complete yet."""
        return self._open.lines[0] if self._open and self._open.lines else None

    def feed(self, line: Line) -> Iterator[Draft | Refusal]:
        """What this line completes or spoils."""
        try:
            read = parse_line(line.content)
        except BadLine as bad:
            yield from self._spoil(line, bad)
            return
        if stream_type_of(read.stream_id) in self._without:
            self.left_out += 1
            yield from self.finish()
            return
        draft = self._continued(read)
        if draft is None:
            yield from self.finish()
            draft = self._begin(read)
        draft.add(line, read)
        self._count_dropped(read)
        if not read.commit_is_given:
            yield from self.finish()

    def finish(self) -> Iterator[Draft | Refusal]:
        """The open commit, now that no line of it will come any more."""
        draft, self._open, self._seam = self._open, None, None
        if draft is None or not draft.lines:
            return
        if draft.broken is None:
            yield draft
        else:
            yield Refusal(draft.lines[0], draft.broken, len(draft.lines), draft.size)

    # ---- inside

    def _begin(self, read: ImportedEvent) -> Draft:
        self._open = Draft(read.stream_id, read.commit_id)
        if not self._seen.add(read.stream_id, read.commit_id):
            what = "commit id" if read.commit_is_given else "event"
            self._open.fail(f"its {what} came before in this file, for the same stream")
        return self._open

    def _continued(self, read: ImportedEvent) -> Draft | None:
        """The open draft, if the line belongs to it."""
        draft = self._open
        if (
            draft is None
            or not read.commit_is_given
            or draft.commit_id != read.commit_id
        ):
            return None
        if draft.stream_id is None:  # began with a line that could not be read
            draft.stream_id = read.stream_id
            self._seen.add(read.stream_id, read.commit_id)
        if draft.stream_id != read.stream_id:
            return None
        if self._seam is not None:
            draft.fail(_spoilt_by(self._seam))
            self._seam = None
        return draft

    def _spoil(self, line: Line, bad: BadLine) -> Iterator[Draft | Refusal]:
        if bad.commit_id is None:
            self._seam = self._seam or line.number
        elif self._open is not None and self._open.commit_id == bad.commit_id:
            self._open.fail(_spoilt_by(line.number))
        else:
            yield from self.finish()
            self._open = Draft(None, bad.commit_id, broken=_spoilt_by(line.number))
        yield Refusal(line.number, bad.reason, size=line.size)

    def _count_dropped(self, read: ImportedEvent) -> None:
        for name in read.dropped:
            known = (
                name
                if name in self.dropped or len(self.dropped) < MAX_NAMES
                else "others"
            )
            self.dropped[known] = self.dropped.get(known, 0) + 1

    def _begin_behind(self, preceding: Line) -> None:
        try:
            read = parse_line(preceding.content)
        except BadLine:
            return
        if read.commit_is_given:
            reason = "its commit begins before the line to start from: start there"
            self._open = Draft(read.stream_id, read.commit_id, broken=reason)


class Seen:
    """Which commits a file has had, in 12 to 24 bytes each: an open-addressed table of 64-bit digests.

    Two different commits share a digest once in ten million files of a million lines; the second of them would
    be refused, loudly. A set of the ids themselves would take ten times the memory.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, stream_id: str, commit_id: UUID) -> bool:
        """Remember a commit of a stream; False if it was there already."""
        digest = blake2b(commit_id.bytes + stream_id.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "little") or 1  # 0 is an empty slot
        if not self._put(key):
            return False
        self._count += 1
        if 3 * self._count > 2 * len(self._slots):
            self._grow()
        return True

    def _put(self, key: int) -> bool:
        slots, mask = self._slots, len(self._slots) - 1
        place = key & mask
        while taken := slots[place]:
            if taken == key:
                return False
            place = (place + 1) & mask
        slots[place] = key
        return True

    def _grow(self) -> None:
        old, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for key in old:
            if key:
                self._put(key)


def _spoilt_by(number: int) -> str:
    return (
        f"line {number} belongs to its commit and is bad, so nothing of it is written"
    )

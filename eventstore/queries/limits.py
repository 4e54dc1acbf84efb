"""How much one statement of a read brings: parameters, so that tests stand at each border with one, two and three rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from eventstore.events import MAX_COMMIT_EVENTS


@dataclass(frozen=True, slots=True)
class Pages:
    """How large a page of a stream is: records and bytes of them, whichever is reached first.

    The first record is taken whatever its size. first: records of the first page, and of one that need not be decoded
    while it arrives. longest: events of a commit, at most: so far before a version the commit may begin that holds it.
    """

    first: int = 200
    rows: int = 5_000
    size: int = 4_000_000
    longest: int = MAX_COMMIT_EVENTS

    def at_most(self, rows: int) -> Pages:
        """For a reader who takes no more than so many."""
        most = max(1, rows)
        return replace(self, first=min(most, self.first), rows=min(most, self.rows))


@dataclass(frozen=True, slots=True)
class Stretch:
    """How much of the log is read at a time: rows and bytes of them, whichever is reached first; the first row is taken
    whatever its size."""

    rows: int
    size: int


PAGES: Final = Pages()
FEED: Final = Stretch(2_000, 4_000_000)
# rows: entries of the index that are looked through beyond those that a page wants, in case they are none of its own
EVERYTHING: Final = Stretch(1_000, 8_000_000)
# rows: entries of the index that are looked through for the types that a follower wants
FOLLOWED: Final = Stretch(20_000, 4_000_000)

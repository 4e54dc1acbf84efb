"""How much one statement of a read brings: parameters, so that tests stand at each border with one, two and three rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pages:
    """How large a page of a stream is: records and bytes of them, whichever is reached first.

    The first record is taken whatever its size. first: records of the first page, and of one that need not be decoded
    while it arrives.
    """

    first: int = 200
    rows: int = 5_000
    size: int = 4_000_000

    def at_most(self, rows: int) -> Pages:
        """For a reader who takes no more than so many."""
        most = max(1, rows)
        return Pages(min(most, self.first), min(most, self.rows), self.size)


PAGES: Final = Pages()

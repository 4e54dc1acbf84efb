"""Which versions of a stream a page shows, and where the pages beside it begin: versions have no holes, so a page is arithmetic. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Versions `first` to `last`, both included, as the whole list has them; `size` of them a page.

    at: the version that the page begins with; None: the list's first. backwards: whether the list falls.
    """

    first: int
    last: int
    size: int
    at: int | None = None
    backwards: bool = False

    @property
    def page(self) -> tuple[int, int]:
        """The lowest and the highest version of the page, the lowest the higher one if there is none."""
        if self.backwards:
            highest = min(self.last, self.last if self.at is None else self.at)
            return max(self.first, highest - self.size + 1), highest
        lowest = max(self.first, self.first if self.at is None else self.at)
        return lowest, min(self.last, lowest + self.size - 1)

    def next(self, shown: int) -> int | None:
        """Where the next page begins, behind so many versions that this one has looked at; None at the list's end."""
        lowest, highest = self.page
        behind = highest - shown if self.backwards else lowest + shown
        return behind if self.first <= behind <= self.last else None

    @property
    def previous(self) -> int | None:
        """Where the page before this one begins, whole even if that repeats some of this; None at the list's start."""
        lowest, highest = self.page
        if self.backwards:
            return min(self.last, highest + self.size) if highest < self.last else None
        return max(self.first, lowest - self.size) if lowest > self.first else None

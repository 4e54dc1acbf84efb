"""The views of one indexer, bounded in bytes together: a process may follow hundreds of partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.events import Place
from eventstore.indexer.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES: Final = 64_000_000


class Views(dict[Place, View]):
    """By place. Whatever is forgotten is looked up again when it is named."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        super().__init__()
        self.max_bytes = max_bytes
        self._sizes: dict[Place, int] = {}

    def settle(self, places: Iterable[Place]) -> None:
        """These have changed; where all together are too large, the largest forgets what it knows, and the next.

        Not between a look-up and the fold that rests on it.
        """
        for place in places:
            self._measure(place)
        while sum(self._sizes.values()) > self.max_bytes:
            place = max(self._sizes, key=self._sizes.__getitem__)
            if view := self.get(place):
                view.forget_heads()
                view.forget_ids()
            self._measure(place)

    def _measure(self, place: Place) -> None:
        view = self.get(place)
        if view is None or not view.size:
            self._sizes.pop(place, None)
        else:
            self._sizes[place] = view.size

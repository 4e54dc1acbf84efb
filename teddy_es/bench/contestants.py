"""Who is compared: each offers writers, and a writer is a function that appends one event.

What a user of each would write, no more: the event is new in every call, and the call returns when the event is
durable and readable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

Append = Callable[[], None]

OURS: Final = "teddy"
PEER: Final = "eventsourcing"
PEER_FUNCTIONS: Final = "eventsourcing-functions"
RAW: Final = "insert"
COPY: Final = "copy"
EMPTY: Final = "teddy-empty"
NAMES: Final = (OURS, PEER, PEER_FUNCTIONS, RAW)

STREAMS: Final = 4  # that a writer owns and appends to in turn


class Contestant(Protocol):
    """One of the stores, opened in this process."""

    def writer(self, own: str) -> Append:
        """Appends to a few streams that are nobody else's and whose versions it knows. own: a name for them."""

    def rival(self, shared: str) -> Append:
        """Appends to one stream that others append to as well; loses, looks and tries again until it has won."""

    def reader(self, own: str, events: int) -> Callable[[], int]:
        """Makes a stream of so many events; the function reads and decodes all of it and says how many they are."""

    def close(self) -> None:
        """Let go of connections and threads."""

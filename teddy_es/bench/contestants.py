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
NOW: Final = "teddy-now"
UNCACHED: Final = "teddy-uncached"
UNSEALED: Final = "teddy-unsealed"
PYTHON: Final = "python"
BARE: Final = "drf-empty"
SERIALIZERS: Final = "drf-serializers"
QUIET: Final = "without-followers"
STOCK: Final = "django-admin"
NAMES: Final = (OURS, PEER, PEER_FUNCTIONS, RAW)

STREAMS: Final = 4  # that a writer owns and appends to in turn


SNAPSHOT_FREQUENCY: Final = 10  # events


class AggregateContestant(Protocol):
    """One of the stores with its aggregates, opened in this process, as it comes."""

    def loader(self, own: str, events: int) -> Callable[[], int]:
        """Makes an aggregate of so many events; the function loads it as it is now and gives its version."""

    def past(self, own: str, events: int) -> Callable[[int], int]:
        """The same; the function loads it as it was at a version."""

    def commander(self, own: str, events: int, aggregates: int) -> Append:
        """Makes aggregates of so many events; each call loads the next of them, has it decide, and saves it."""

    def settle(self) -> None:
        """Have done what is done in the background."""

    def close(self) -> None:
        """Let go of connections and threads."""


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

"""What a repository needs of snapshots: the part that it uses, so that tests can hand in others. Of a store: `ports.Store`."""

from __future__ import annotations

from typing import Protocol


class StoredState(Protocol):
    """A snapshot, as far as a load needs it. state: JSON of the class's `state_type`."""

    @property
    def version(self) -> int: ...
    @property
    def state(self) -> bytes: ...


class Snapshots(Protocol):
    """Where snapshots of one class come from."""

    def newest(
        self, stream_id: str, *, at_most: int | None = None
    ) -> StoredState | None:
        """The newest one at or below the version that today's code would have made, too; None if there is none."""

"""Writes down what happens in one stream: the same tale gets the same ids, whenever it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from eventstore.events import Expected, NewEvent
from teddy_es.synth.history import Draft

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from eventstore.registry import Event

_NAMESPACE: Final = UUID("5f0a3c1e-8d52-5b6b-9a47-6f3f0e1c7b21")


@dataclass(frozen=True, slots=True)
class Told:
    """An event, when it happened, and what tells it from all others of its stream. cause: the event that led to it.

    thread: what it belongs to, if not to its own stream alone.
    """

    event: Event
    at: datetime
    label: str
    cause: UUID | None = None
    thread: UUID | None = None


class Scribe:
    """One stream. mark: of the town, so that another seed has other ids. is_whole: whether nobody else writes to it."""

    def __init__(self, mark: str, stream_id: str, *, is_whole: bool = True) -> None:
        self._mark = mark
        self._is_whole = is_whole
        self.stream_id = stream_id
        self.version = 0
        self.commits: list[Draft] = []
        self.versions: dict[str, int] = {}
        """By label."""
        self.thread = self.id_of("")

    @property
    def own_id(self) -> str:
        """What stands behind the dot."""
        return self.stream_id.partition(".")[2]

    def id_of(self, label: str) -> UUID:
        """Of the event with this label."""
        return uuid5(_NAMESPACE, f"{self._mark}/{self.stream_id}/{label}")

    def tell(self, *told: Told) -> None:
        """A commit behind those that were told before."""
        events = [
            NewEvent(
                one.event,
                event_id=self.id_of(one.label),
                occurred_at=one.at,
                correlation_id=one.thread or self.thread,
                causation_id=one.cause,
            )
            for one in told
        ]
        commit_id = self.id_of(f"commit/{self.version}")
        expected = self.version if self._is_whole else Expected.ANY
        self.commits.append(Draft(self.stream_id, expected, commit_id, events))
        for one in told:
            self.version += 1
            self.versions[one.label] = self.version

    def tell_each(self, told: Iterable[Told]) -> None:
        """A commit each, by when they happened."""
        for one in sorted(told, key=lambda each: each.at):
            self.tell(one)

"""What an aggregate has to keep until the log has accepted it, and the way of its commits there.

It is an object of its own, and not a part of `Aggregate`: that is where users write commands, by whatever names they like.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol, cast

from eventstore.events import Expected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from eventstore.events import NewEvent

_claiming: Final = Lock()  # of all of them: a lock of its own could not be copied


@dataclass(frozen=True, slots=True)
class Proposed:
    """What goes to the log next: these events, under this id, at the version that they were decided at."""

    commit_id: UUID
    events: tuple[NewEvent, ...]
    expected: Expected


class Recording(Protocol):
    """An aggregate."""

    @property
    def stream_id(self) -> str: ...


class Saving:
    """Of one aggregate. version: what it stands at, with what was recorded; recorded: not accepted yet."""

    __slots__ = ("_is_claimed", "_is_in_doubt", "_proposed", "recorded", "version")

    def __init__(self, version: int) -> None:
        self.version = version
        self.recorded: list[NewEvent] = []
        self._proposed: Proposed | None = None
        self._is_in_doubt = False
        self._is_claimed = False

    @contextmanager
    def claimed(self, stream_id: str) -> Iterator[None]:
        """While the block runs nobody else may save it. Raises RuntimeError if somebody does: an aggregate has one owner."""
        with _claiming:
            if self._is_claimed:
                msg = f"{stream_id} is being saved already: each thread and task loads an aggregate of its own"
                raise RuntimeError(msg)
            self._is_claimed = True
        try:
            yield
        finally:
            self._is_claimed = False

    def propose(self, commit_id: UUID) -> Proposed:
        """What to append next: what was recorded, under this id.

        Until it is accepted or withdrawn it stays the same, its id too: whoever did not get an answer proposes it again,
        and what has been recorded since has to wait (rule 14).
        """
        if self._proposed is None:
            events = tuple(self.recorded)
            loaded = self.version - len(events)
            expected = Expected.version(loaded) if loaded else Expected.NO_STREAM
            self._proposed = Proposed(commit_id, events, expected)
        return self._proposed

    def accept(self, proposed: Proposed) -> None:
        """The log has accepted it: these events are recorded no more."""
        del self.recorded[: len(proposed.events)]
        self.withdraw()

    def doubt(self) -> None:
        """A copy of it may be in the log: until the log has decided it, it is proposed under the same id alone."""
        self._is_in_doubt = True

    def set_aside(self) -> None:
        """This time nothing was written: withdrawn, unless an earlier time is in doubt."""
        if not self._is_in_doubt:
            self.withdraw()

    def withdraw(self) -> None:
        """The log has decided it: its events stay recorded unless accepted, its id is of no use any more."""
        self._proposed = None
        self._is_in_doubt = False


def saving_of(aggregate: object) -> Saving:
    """That of an aggregate. Its name there is one that nobody takes by accident."""
    return cast("Saving", aggregate._Aggregate__saving)  # type: ignore[attr-defined]  # noqa: SLF001


def rounds_of(aggregate: Recording, most: int) -> Iterator[None]:
    """A round for each commit of a save: one that is in doubt, what was recorded since, and what is recorded meanwhile.

    Raises RuntimeError where something was recorded in each of so many: such a save would never end.
    """
    saving = saving_of(aggregate)
    for _ in range(most):
        if not saving.recorded:
            return
        yield
    if saving.recorded:
        msg = (
            f"{aggregate.stream_id} was recorded on in each of the {most} rounds of its save, which would never end;"
            " all but the last was saved. Let no handler of the bus record on what it is told of."
        )
        raise RuntimeError(msg)

"""Decide and evolve: what application developers write. Pure Python; loading and saving happen elsewhere.

A command method looks at the state, refuses by a `DomainError` what the rules do not allow, and records what happened.
`apply` evolves the state by one event and never refuses: what the log has accepted is a fact. Replay runs `apply` alone.

    class OrderState(msgspec.Struct):
        quantity: int = 0
        is_closed: bool = False

    class Order(Aggregate[OrderState]):
        stream_type = "order"
        state_type = OrderState

        def change(self, quantity: int) -> None:
            if self.state.is_closed:
                raise OrderIsClosed
            self.record(OrderChanged(quantity=quantity))

        def apply(self, event: msgspec.Struct) -> None:
            match event:
                case OrderChanged():
                    self.state.quantity = event.quantity
                case OrderClosed():
                    self.state.is_closed = True
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar, cast

import msgspec

from eventstore.digests import sources
from eventstore.events import Expected, NewEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

S = TypeVar("S", bound=msgspec.Struct)

_claiming: Final = Lock()  # of all of them: a lock of its own could not be copied


class DomainError(Exception):
    """The rules of the domain do not allow it. `code` is stable; no message carries anything personal."""

    code: ClassVar[str] = "domain-error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _first_line(type(self)))


@dataclass(frozen=True, slots=True)
class Proposed:
    """What goes to the log next: these events, under this id, at the version that they were decided at."""

    commit_id: UUID
    events: tuple[NewEvent, ...]
    expected: Expected


class Aggregate(ABC, Generic[S]):
    """One stream's history, as far as the rules need it.

    stream_type: the registered kind of its stream. state_type: what a snapshot holds, all of it and nothing else, so a
    Struct of plain values whose fields all have defaults. state_schema: raised when the form of the state changes.
    snapshot_frequency: events from snapshot to snapshot; None: as configured.
    """

    stream_type: ClassVar[str]
    state_type: ClassVar[type[msgspec.Struct]]
    state_schema: ClassVar[int] = 1
    snapshot_frequency: ClassVar[int | None] = None

    def __init__(
        self, aggregate_id: str, *, state: S | None = None, version: int = 0
    ) -> None:
        self.aggregate_id = aggregate_id
        self.version = version
        self.state: S = cast("S", self.state_type()) if state is None else state
        self._domain_events: list[NewEvent] = []
        self._proposed: Proposed | None = None
        self._is_in_doubt = False
        self._is_being_saved = False

    @property
    def stream_id(self) -> str:
        """`{stream_type}.{aggregate_id}`."""
        return f"{self.stream_type}.{self.aggregate_id}"

    @property
    def is_new(self) -> bool:
        """Whether nothing has happened to it, recorded or accepted."""
        return self.version == 0

    def record(
        self, event: msgspec.Struct, *, occurred_at: datetime | None = None
    ) -> None:
        """Keep what a command has decided, until it is saved, and evolve by it. occurred_at: aware; else the time of the save.

        What is kept, and what `apply` gets, are copies: a list that the state takes over is not the event's any more.
        """
        kept = NewEvent(deepcopy(event), occurred_at=occurred_at)
        self.evolve(deepcopy(event))
        self._domain_events.append(kept)

    def evolve(self, event: msgspec.Struct) -> None:
        """Take one event of the stream's history, the next one."""
        self.apply(event)
        self.version += 1

    # ---- saving: what a repository asks

    @property
    def recorded(self) -> tuple[msgspec.Struct, ...]:
        """What its commands have decided and the log has not accepted yet."""
        return tuple(event.data for event in self._domain_events)

    @property
    def is_changed(self) -> bool:
        """Whether it holds something that was recorded and not accepted yet."""
        return bool(self._domain_events)

    @contextmanager
    def being_saved(self) -> Iterator[None]:
        """While the block runs nobody else may save it. Raises RuntimeError if somebody does: an aggregate has one owner."""
        with _claiming:
            if self._is_being_saved:
                msg = f"{self.stream_id} is being saved already: each thread and task loads an aggregate of its own"
                raise RuntimeError(msg)
            self._is_being_saved = True
        try:
            yield
        finally:
            self._is_being_saved = False

    def propose(self, commit_id: UUID) -> Proposed:
        """What to append next: what was recorded, under this id.

        Until it is accepted or withdrawn it stays the same, its id too: whoever did not get an answer proposes it again,
        and what has been recorded since has to wait (rule 14).
        """
        if self._proposed is None:
            events = tuple(self._domain_events)
            loaded = self.version - len(events)
            expected = Expected.version(loaded) if loaded else Expected.NO_STREAM
            self._proposed = Proposed(commit_id, events, expected)
        return self._proposed

    def accept(self, proposed: Proposed) -> None:
        """The log has accepted it: these events are recorded no more."""
        del self._domain_events[: len(proposed.events)]
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

    @abstractmethod
    def apply(self, event: msgspec.Struct) -> None:
        """Evolve the state by an event. MUST NOT refuse, and MUST NOT look at anything but state and event."""


def replay(aggregate: Aggregate[S], history: Iterable[msgspec.Struct]) -> None:
    """Evolve an aggregate by the events behind its version, in their order."""
    for event in history:
        aggregate.evolve(event)


@cache
def code_digest(aggregate_class: type[Aggregate[S]]) -> str:
    """SHA-256, in hexadecimal digits, of the code that makes states of events: the modules of the class, its bases and its
    state, and what they import of the packages that they are in.

    The same in every process and under every version of Python, and another after any change in these files; what they
    import from elsewhere is not in it. Raises OSError where the source is not at hand.
    """
    bases = [
        one
        for one in aggregate_class.__mro__
        if one not in (Aggregate, ABC, Generic, object)
    ]
    names = {one.__module__ for one in (*bases, aggregate_class.state_type)}
    found = sha256(aggregate_class.__qualname__.encode())
    for source in sources(names):
        found.update(source)
    return found.hexdigest()


def _first_line(error: type[DomainError]) -> str:
    return (error.__doc__ or error.code).partition("\n")[0]

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
from copy import deepcopy
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

import msgspec

from eventstore.aggregates.saving import Saving, saving_of
from eventstore.aggregates.withholding import withhold
from eventstore.errors import InvalidEvent
from eventstore.events import NewEvent
from eventstore.protocol.arguments import number_in, stream_id_in
from eventstore.registry.digests import sources
from eventstore.registry.event_classes import refuse_unfit_state
from eventstore.registry.reserved import (
    own_names,
    refuse_other_signature,
    refuse_other_values,
    refuse_taken,
    runs_later,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

S = TypeVar("S", bound=msgspec.Struct)


class DomainError(Exception):
    """The rules of the domain do not allow it. `code` is stable; no message carries anything personal."""

    code: ClassVar[str] = "domain-error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _first_line(type(self)))


class Aggregate(ABC, Generic[S]):
    """One stream's history, as far as the rules need it.

    stream_type: the registered kind of its stream. state_type: what a snapshot holds, all of it and nothing else, so a
    Struct of plain values whose fields all have defaults. state_schema: raised when the form of the state changes.
    snapshot_frequency: events from snapshot to snapshot; None: as configured. reads_sealed: whether `apply` needs what is sealed; if not
    it gets `Withheld` in each sensitive field, always, and its state holds nothing of them.

    A subclass has commands of any names but those that are seen here: TypeError when such a class is made.
    """

    stream_type: ClassVar[str]
    state_type: ClassVar[type[msgspec.Struct]]
    state_schema: ClassVar[int] = 1
    snapshot_frequency: ClassVar[int | None] = None
    reads_sealed: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        refuse_clashes(cls)  # first: the next one writes into the class
        super().__init_subclass__(**kwargs)

    def __init__(
        self, aggregate_id: str, *, state: S | None = None, version: int = 0
    ) -> None:
        self.__aggregate_id = stream_id_in(aggregate_id)
        self.__saving = Saving(number_in(version, "a version", least=0))
        self.state: S = cast("S", self.state_type()) if state is None else state

    @property
    def aggregate_id(self) -> str:
        """Its own id, within its type of streams."""
        return self.__aggregate_id

    @property
    def stream_id(self) -> str:
        """`{stream_type}.{aggregate_id}`."""
        return f"{self.stream_type}.{self.__aggregate_id}"

    @property
    def version(self) -> int:
        """How many events it stands at, those included that it has recorded."""
        return self.__saving.version

    @property
    def is_new(self) -> bool:
        """Whether nothing has happened to it, recorded or accepted."""
        return self.__saving.version == 0

    @property
    def recorded(self) -> tuple[msgspec.Struct, ...]:
        """What its commands have decided and the log has not accepted yet."""
        return tuple(event.data for event in self.__saving.recorded)

    @property
    def is_changed(self) -> bool:
        """Whether it holds something that was recorded and not accepted yet."""
        return bool(self.__saving.recorded)

    @property
    def _domain_events(self) -> list[NewEvent]:
        """What was recorded, as it is proposed."""
        return self.__saving.recorded

    def record(
        self, event: msgspec.Struct, *, occurred_at: datetime | None = None
    ) -> None:
        """Keep what a command has decided, until it is saved, and evolve by it. occurred_at: aware; else the time of the save.

        What is kept, and what `apply` gets, are copies: a list that the state takes over is not the event's any more. Sensitive
        fields are withheld from `apply` as they will be when it is loaded, unless the class `reads_sealed`.
        Raises `InvalidEvent` for what has none: a thing of this process alone, or nested without end.
        """
        kept = NewEvent(_copy(event), occurred_at=occurred_at)
        evolving = _copy(event)
        if not self.reads_sealed:
            withhold(evolving)
        self.apply(evolving)
        self.__saving.version += 1
        self.__saving.recorded.append(kept)

    @abstractmethod
    def apply(self, event: msgspec.Struct) -> None:
        """Evolve the state by an event. MUST NOT refuse, and MUST NOT look at anything but state and event."""


_DECLARED: Final = {
    "stream_type": (lambda v: isinstance(v, str), "the name of a type of streams"),
    "state_type": (
        lambda v: isinstance(v, type) and issubclass(v, msgspec.Struct),
        "a class of msgspec.Struct",
    ),
    "state_schema": (lambda v: type(v) is int, "a number"),
    "snapshot_frequency": (
        lambda v: v is None or type(v) is int,
        "a number of events, or None",
    ),
    "reads_sealed": (lambda v: type(v) is bool, "True or False"),
    "apply": (
        lambda v: not runs_later(v),
        "a plain method: nobody would run a coroutine or a generator",
    ),
}
_WHY: Final = {
    "record": "commands keep by it what they decided",
    "version": "how many events there are of it",
    "state": "what the commands look at",
    "stream_id": "the stream that it is saved in",
    "aggregate_id": "its own id",
    "_domain_events": "what was recorded and is not saved yet",
    "recorded": "what was recorded and is not saved yet",
    "is_changed": "whether something was recorded and is not saved yet",
    "is_new": "whether anything has happened to it",
}
_RESERVED: Final = own_names(Aggregate, open_to_all=_DECLARED) | {
    "state",
    "_Aggregate__aggregate_id",
    "_Aggregate__saving",
}


def refuse_clashes(cls: type[Aggregate[Any]]) -> None:
    """Raise TypeError where a class of aggregates gives a name of the framework's another meaning."""
    refuse_taken(cls, Aggregate, _RESERVED, _WHY)
    refuse_other_values(cls, Aggregate, _DECLARED)
    refuse_other_signature(cls, Aggregate, "apply", "event")
    refuse_other_signature(
        cls, Aggregate, "__init__", "aggregate_id", state=None, version=0
    )


@cache
def refuse_unfit(cls: type[Aggregate[Any]]) -> None:
    """Raise TypeError for a class that nobody could save and load: the same once more, for it may have been decorated since,
    and a state of which a snapshot would not say all."""
    refuse_clashes(cls)
    try:
        refuse_unfit_state(f"the state of {cls.__name__}", cls.state_type)
    except ValueError as error:
        raise TypeError(str(error)) from None


def replay(aggregate: Aggregate[S], history: Iterable[msgspec.Struct]) -> None:
    """Evolve an aggregate by the events behind its version, in their order."""
    own = saving_of(aggregate)
    for event in history:
        aggregate.apply(event)
        own.version += 1


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
    digest = sha256(aggregate_class.__qualname__.encode())
    for source in sources(names):
        digest.update(source)
    return digest.hexdigest()


def _copy(event: msgspec.Struct) -> msgspec.Struct:
    try:
        return deepcopy(event)
    except Exception:  # noqa: BLE001  (anybody's object says in any way that it cannot be copied)
        msg = f"{type(event).__name__} holds what cannot be copied, so no log could hold it"
        raise InvalidEvent(msg) from None


def _first_line(error: type[DomainError]) -> str:
    return (error.__doc__ or error.code).partition("\n")[0]

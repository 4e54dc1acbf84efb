"""A subscription, a durable consumer of the log: a name, a handler, what it wants, and what happens when the handler fails."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from eventstore.bus import Handler, Published, never_runs
from eventstore.conf import registry
from eventstore.events import Cut, RecordedEvent

if TYPE_CHECKING:
    from eventstore.registry import Event

BatchHandler = Callable[[Sequence[Published]], Awaitable[None] | None]
"""A function, or a coroutine function, of events of one partition, in their order."""
RawHandler = Callable[[Sequence[RecordedEvent]], Awaitable[None] | None]
"""The same of events as the log holds them, whether the registry can read them or not."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}(#[1-9][0-9]{0,8})?")


_LARGEST: Final = 2**31 - 1  # what PostgreSQL's columns and limits hold
_LONGEST_S: Final = _LARGEST // 1_000


class Start(StrEnum):
    """Where a new subscription begins: with the first event of all, or behind those that are there."""

    BEGINNING = "beginning"
    NOW = "now"


class Unreadable(StrEnum):
    """What a worker does with an event that the registry cannot read: park its stream, or leave the event out and count it."""

    PARK = "park"
    SKIP = "skip"


class TryLater(Exception):  # noqa: N818  (what the handler says)
    """A handler raises it where nothing is wrong with the event, but it cannot handle it now: the worker waits and retries, and parks no stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A durable consumer of the log, whose checkpoint (its offset in each partition) moves in the transaction of what the handler wrote.

    So what the handler writes there is written exactly once for each event; everything else that it does happens at
    least once. Give exactly one of the three handlers.

    name: a-z, then up to 62 of a-z 0-9 _ - ; for good, because its checkpoint has it.
    handler: gets one event. batch_handler: gets up to `most` at once. raw_handler: gets as many, as the log holds them.
    types: the events' classes; streams: types of streams; all, if both are left out. An empty one is refused:
    it could mean all, or nothing.
    start: where it begins when it is new: a `Start`, or a cut.
    version: raise it when the handler's code changes its meaning: as soon as the new code runs, the old does not.
    takes_over: False if newer code must wait, too, until somebody says so (a projection's).
    past_is_live: False if what was accepted before the subscription was made does not happen for the first time in it.
    opens: whether the handler may see what is sealed; else it gets `Withheld` marks in sensitive fields (raw: the clear fields).
    unreadable: what to do with an event that the registry cannot read; with `types`, it wants no other types, whatever they are.
    retries: seconds before each retry of an event on which the handler failed; after the last the stream is parked.
    most: events in a transaction, at least; a commit is never torn apart. timeout_s: how long a handler may take
    before another worker takes over.
    """

    name: str
    handler: Handler | None = None
    batch_handler: BatchHandler | None = None
    raw_handler: RawHandler | None = None
    types: Sequence[type[Event]] | None = None
    streams: Sequence[str] | None = None
    start: Start | Cut = Start.BEGINNING
    version: int = 1
    unreadable: Unreadable = Unreadable.PARK
    retries: Sequence[float] = (1, 5, 25, 125)
    most: int = 500
    timeout_s: float = 60.0
    takes_over: bool = True
    past_is_live: bool = True
    opens: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be meant."""
        if not _NAME.fullmatch(self.name):
            msg = f"{self.name!r} is no subscription's name: a-z, then up to 62 of a-z 0-9 _ -"
            raise ValueError(msg)
        handlers = (self.handler, self.batch_handler, self.raw_handler)
        if sum(one is not None for one in handlers) != 1:
            msg = f"{self.name}: give one of handler, batch_handler and raw_handler"
            raise ValueError(msg)
        if problem := self._problem():
            msg = f"{self.name}: {problem}"
            raise ValueError(msg)

    def _problem(self) -> str | None:
        """What cannot be meant; None if nothing is."""
        if reason := never_runs(self.call):
            return reason
        if self.types is not None and self.streams is not None:
            return (
                "give types or streams, not both: a type belongs to one type of stream"
            )
        for name, value in (("types", self.types), ("streams", self.streams)):
            if value is not None and not _is_some(value):
                return f"{name} is a list of some; leave it out to follow everything"
        return self._problem_of_numbers()

    def _problem_of_numbers(self) -> str | None:
        if not 0 < self.timeout_s <= _LONGEST_S:
            return f"timeout_s is above 0, and at most {_LONGEST_S:,} seconds"
        for name, number in (("most", self.most), ("version", self.version)):
            if not _is_count(number):
                return f"{name} is a whole number, 1 or more"
        waits: object = self.retries
        if not isinstance(waits, (list, tuple)) or not all(map(_is_wait, waits)):
            return f"retries is a list of seconds, each from 0 to {_LONGEST_S:,}"
        return None

    @property
    def call(self) -> Callable[[Any], Any]:
        """The handler that was given."""
        handlers = (self.handler, self.batch_handler, self.raw_handler)
        return next(one for one in handlers if one is not None)

    @property
    def wanted(self) -> frozenset[str] | None:
        """The names of the events that it wants; None for all. Raises ValueError for a class that is not registered."""
        if not self.types:
            return None
        known = {t.struct: t.name for t in registry().event_types()}
        return frozenset(_named(known, struct, self.name) for struct in self.types)

    @property
    def topics(self) -> frozenset[str]:
        """The topics in which what it wants can stand. Raises ValueError for a type of streams that is not registered."""
        known = registry().stream_types
        if unknown := set(self.streams or ()) - known.keys():
            msg = f"{self.name}: {', '.join(sorted(unknown))} is none of {', '.join(known)}"
            raise ValueError(msg)
        names = set(self.streams or known)
        if self.types:
            owners = {t.struct: t.stream_type for t in registry().event_types()}
            names = {_named(owners, struct, self.name) for struct in self.types}
        return frozenset(known[name].topic for name in names)

    @property
    def wants(self) -> str:
        """What it wants, in words for people: at most 200 characters."""
        if self.types:
            words = ", ".join(sorted(self.wanted or ()))
        else:
            words = ", ".join(f"all of {name}" for name in sorted(self.streams or ()))
        words = words or "everything"
        return words if len(words) <= 200 else f"{words[:199]}…"


def _is_some(value: object) -> bool:
    """Whether it is a collection that holds anything; a name or a class alone is none."""
    return not isinstance(value, (str, type)) and bool([*cast("Sequence[Any]", value)])


def _is_count(number: object) -> bool:
    return isinstance(number, int) and 1 <= number <= _LARGEST


def _is_wait(seconds: object) -> bool:
    """Neither below 0 nor without an end, and no text."""
    return isinstance(seconds, (int, float)) and 0 <= seconds <= _LONGEST_S


def _named(known: dict[type[Event], str], struct: type[Event], name: str) -> str:
    if struct not in known:
        msg = f"{name}: {struct.__name__} is not a registered event"
        raise ValueError(msg)
    return known[struct]

"""How many streams there are, how long each becomes, and in which order everything happens.

Lengths follow Zipf's law: at a million events in 50,000 streams the longest conversation has more than 10,000 events,
and half of all have a handful. Nothing here knows the time or chance but by the seed: the same numbers give the same
commits, with the same ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from itertools import accumulate, islice, pairwise
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from eventstore.events import NewEvent
from teddy_es.synth import tales

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import Expected
    from teddy_es.synth.tales import Fact

_NAMESPACE: Final = UUID("7a0f6d4e-2b7c-5d0a-9c1f-5b8e3a6d9f42")
_BEGIN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_SECONDS: Final = 180 * 86_400.0  # over which it all happens, more or less
_MIN_STREAMS: Final = 200  # so that each type has one


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of stream: its share of the streams and of the events, the exponent of its lengths, the sizes of its
    commits, and how far apart these lie at most (seconds, on average)."""

    streams: float
    events: float
    skew: float
    commits: tuple[int, ...]
    pause_s: float


_KINDS: Final = {
    "parent": Kind(0.08, 0.03, 0.2, (1, 2, 4), 20 * 86_400.0),
    "child": Kind(0.12, 0.10, 0.5, (1, 1, 2), 3 * 86_400.0),
    "conversation": Kind(0.795, 0.86, 0.75, (1, 2, 2, 4, 10), 40.0),
    "access": Kind(0.005, 0.01, 0.7, (1,), 3_600.0),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make. Raises ValueError for too few streams, or fewer events than streams."""

    events: int
    streams: int
    seed: int = 1

    def __post_init__(self) -> None:
        if not _MIN_STREAMS <= self.streams <= self.events:
            msg = f"it takes {_MIN_STREAMS} streams or more, and an event for each"
            raise ValueError(msg)

    @property
    def mark(self) -> str:
        """What tells the ids of one history from those of another."""
        named = f"{self.events}/{self.streams}/{self.seed}".encode()
        return blake2b(named, digest_size=4, person=b"teddy synth").hexdigest()

    def lengths(self) -> dict[str, list[int]]:
        """How many events each stream gets, by type, the longest first."""
        streams = _split(self.streams, [kind.streams for kind in _KINDS.values()])
        rest = self.events - self.streams
        more = _split(rest, [kind.events for kind in _KINDS.values()])
        return {
            name: [1 + n for n in _split(events, _zipf(count, kind.skew))]
            for (name, kind), count, events in zip(
                _KINDS.items(), streams, more, strict=True
            )
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit as a writer would propose it."""

    stream_id: str
    expected: Expected | int
    commit_id: UUID
    events: list[NewEvent]


def history(wanted: Wanted) -> Iterator[Draft]:
    """Every commit, by when it happened: the streams' commits lie between one another as they do in life."""
    rng = Random(wanted.mark)
    going = [(stream.at, n, stream) for n, stream in enumerate(_streams(wanted, rng))]
    heapify(going)
    while going:
        _, number, stream = heappop(going)
        yield stream.next_commit(rng)
        if stream.left:
            heappush(going, (stream.at, number, stream))


class _Stream:
    """A stream that grows. `at`: seconds since the beginning, of its next commit."""

    __slots__ = (
        "_name",
        "_pause_s",
        "_previous",
        "_sizes",
        "_tale",
        "_version",
        "at",
        "left",
    )

    def __init__(
        self, name: str, kind: Kind, length: int, at: float, tale: Iterator[Fact]
    ) -> None:
        self.at, self.left = at, length
        self._name, self._tale, self._sizes = name, tale, kind.commits
        commits = length * len(kind.commits) / sum(kind.commits)
        self._pause_s = min(kind.pause_s, (_SECONDS - at) / commits)
        self._version = 0
        self._previous: UUID | None = None

    def next_commit(self, rng: Random) -> Draft:
        facts = list(islice(self._tale, min(self.left, rng.choice(self._sizes))))
        name, version = f"{self._name}/{self._version}", self._version
        events = [self._event(fact, f"{name}/{n}") for n, fact in enumerate(facts)]
        self._version += len(events)
        self.left -= len(events)
        self.at += rng.expovariate(1 / self._pause_s)
        return Draft(self._name, version, uuid5(_NAMESPACE, name), events)

    def _event(self, fact: Fact, name: str) -> NewEvent:
        event_id, before = uuid5(_NAMESPACE, name), self._previous
        self._previous = event_id
        return NewEvent(
            type=fact.type,
            data=fact.data,
            event_id=event_id,
            occurred_at=_BEGIN + timedelta(seconds=self.at),
            correlation_id=uuid5(_NAMESPACE, fact.thread or self._name),
            causation_id=before if fact.caused else None,
        )


def _streams(wanted: Wanted, rng: Random) -> Iterator[_Stream]:
    """All of them, before their first event."""
    every = wanted.lengths()
    family = _Family(
        wanted.mark, {name: len(some) for name, some in every.items()}, rng
    )
    for name, lengths in every.items():
        kind = _KINDS[name]
        rng.shuffle(lengths)
        for number, length in enumerate(lengths):
            at, tale = family.begin(name, number, length)
            own_id = family.own_id(name, number)
            yield _Stream(f"{name}.{own_id}", kind, length, at, tale)


class _Family:
    """Who belongs to whom: a child to the parent with its number, a conversation to the child with its number, modulo
    how many there are. A child begins after its parent, a conversation after its child."""

    def __init__(self, mark: str, many: dict[str, int], rng: Random) -> None:
        self._mark, self._many, self._rng = mark, many, rng
        self._begun = [rng.random() * _SECONDS / 2 for _ in range(many["parent"])]

    def own_id(self, name: str, number: int) -> str:
        return f"{name}-{self._mark}-{number % self._many[name]}"

    def begin(
        self, name: str, number: int, length: int
    ) -> tuple[float, Iterator[Fact]]:
        """When a stream begins (seconds), and what it will tell."""
        rng, own_id = self._rng, self.own_id
        child_number = number % self._many["child"]
        since = self._begun[child_number % self._many["parent"]]
        if name == "parent":
            return since, tales.parent(rng, own_id("child", number))
        if name == "child":
            family = own_id("parent", number), own_id("conversation", number)
            return since + 60.0, tales.child(rng, *family)
        if name == "conversation":
            at = since + 120.0 + rng.random() * (_SECONDS / 2 - 120.0)
            return at, tales.conversation(rng, length, own_id("child", number))
        known = [own_id("child", rng.randrange(self._many["child"])) for _ in range(20)]
        return since, tales.access(rng, f"officer-{number}", known)


def _zipf(count: int, exponent: float) -> list[float]:
    return [rank**-exponent for rank in range(1, count + 1)]


def _split(total: int, weights: list[float]) -> list[int]:
    """The total in whole parts, by weight: each part ends where its share of the weights does, rounded."""
    sums = list(accumulate(weights))
    ends = [round(total * end / sums[-1]) for end in sums]
    return [end - start for start, end in pairwise([0, *ends])]

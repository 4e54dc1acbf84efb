"""What the core needs of the world: small, and every sentence with MUST can be broken by a test.

The suites that break a log's are in `eventstore.testing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from eventstore.events import (
        AppendResult,
        Commit,
        Expected,
        NewEvent,
        Place,
        RecordedEvent,
        Sealed,
        StreamInfo,
        Withheld,
    )
    from eventstore.registry import Event
    from eventstore.registry.event_type import Secrets


FEED_PREFIX: Final = "events."
"""What the names of feeds begin with: topics that others follow, whose records go when they are old."""

WHOLE_BYTES: Final = 500_000
"""Up to so many bytes, what one call appends to one place is written as a whole or not at all."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Bytes to write at the end of one partition. The key is None only for an activation.

    headers: for readers that are no part of this store; a log need not give them back, and the log of record has none.
    """

    place: Place
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.key or b"") + len(self.value) + headers


@dataclass(frozen=True, slots=True)
class Appended:
    """The proposal is durable at this offset; `recorded_at` in ms is what a later read will show."""

    offset: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class NotWritten:
    """No copy of the proposal was handed to anything that might still write it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The proposal may be in the log, once or more often, or get there later, or never."""

    reason: str


Answer = Appended | NotWritten | Unknown


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One data record as the log holds it. `recorded_at`: the log's append time in ms, as it is."""

    offset: int
    recorded_at: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A stretch of a partition. `next_offset` lies behind all of it, control records included."""

    records: Sequence[LogRecord]
    next_offset: int


@dataclass(frozen=True, slots=True)
class Extent:
    """The offsets that a partition holds: from `start` up to, without, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it stands. `problems`: (what is wrong, how to put it right) for each wrong setting.

    left_by_restore: those of the problems that a `restoring` which was cut short leaves, and the next one ends.
    wrong_settings: of the problems those that `Repairable.alter` can put right: name → (what it is, what it must be).
    """

    name: str
    id: str
    partitions: int
    problems: Sequence[tuple[str, str]] = field(default=())
    left_by_restore: Sequence[tuple[str, str]] = field(default=())
    wrong_settings: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)


class Log(Protocol):
    """An append-only log of topics and partitions."""

    kind: str

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """Write the proposals; one answer each, in their order.

        MUST write those of one call to one place in their order, at rising offsets, unless one of them is
        not `Appended`, and as a whole or not at all if they take no more than `WHOLE_BYTES`. MUST answer `Appended` only when the record is durable and readable. MUST answer
        `NotWritten` only if no copy can ever appear, and `Unknown` whenever it cannot know. MUST write to the
        given partition, and MUST NOT create a topic: an unknown one is `NotWritten`. MUST return within
        `timeout_s` and a second. MUST NOT raise for what the log did; a value over the limit is `NotWritten`, and so
        is a proposal with headers where the log has no place for them.
        """

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """The records from `offset` on, at most about `max_bytes` of them but at least one if there is one.

        MUST start at `offset` or, where that is a control record, behind it; MUST NOT skip a data record.
        At the end: an empty batch whose `next_offset` is `offset`. MUST raise `LogTruncated` if `offset` lies
        outside of what the log holds, `LogUnreadable` if what stands there cannot be unpacked, `LogUnanswered` if
        the log does not answer.
        """

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """What each place holds now. MUST NOT be older than the call. Raises `LogUnanswered`,
        and `LogMisconfigured` for a place that is not there."""

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """Those of the named topics that are there, freshly looked up. Raises `LogUnanswered`."""

    def create(self, names: Iterable[str], *, partitions: int) -> None:
        """Create the topics that are missing. MUST leave the others as they are, and MUST keep for ever what is no
        feed's. Raises `LogUnanswered`."""

    def close(self) -> None:
        """Let go of connections. MUST be harmless when called twice."""


@runtime_checkable
class Restorable(Log, Protocol):
    """A log into which records can be put back that it has lost."""

    def restoring(self, topic: str) -> AbstractContextManager[None]:
        """While the block runs the topic keeps the times that `restore` gives; afterwards it dates records itself.

        MUST end so also if the block raises, and also if an earlier block was cut short. MUST NOT write a record.
        Raises `LogUnanswered`; then the topic's `problems` say what is left to do.
        """

    def restore(self, place: Place, records: Sequence[LogRecord]) -> None:
        """Write the records, whose offsets run on without a gap, at the end of a place. Only while `restoring`.

        MUST return only if each is durable at its own offset with its own time. MUST NOT write any if the place
        is known to end elsewhere, MUST NOT write one twice, and MUST raise `NotRestorable` if they came to lie
        elsewhere, got another time, or if nobody can know.
        """


@runtime_checkable
class Repairable(Log, Protocol):
    """A log whose topics have settings that somebody may have changed."""

    def alter(self, topic: str, settings: Mapping[str, str]) -> None:
        """Set these. MUST set all of them or none, at once, and MUST leave the others and every record as they are.

        MUST return only when every broker shows them. Raises `LogUnanswered`.
        """


class Store(Protocol):
    """What others need of an event store: repositories, exports and imports. `EventStore` is one, that in memory another.

    It promises what `EventStore` says of each; `eventstore.testing.store_contract` holds both to it.
    """

    def append(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
    ) -> AppendResult:
        """See `EventStore`."""

    async def aappend(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
    ) -> AppendResult:
        """See `EventStore`."""

    def submit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
    ) -> Future[AppendResult]:
        """See `EventStore`."""

    def submit_past(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        *,
        commit_id: UUID,
        first_version: int | None = None,
    ) -> Future[AppendResult]:
        """See `EventStore`."""

    def read(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        opener: Opener | None = None,
    ) -> Iterator[RecordedEvent]:
        """See `EventStore`."""

    def history(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        opener: Opener | None = None,
    ) -> Iterator[Event]:
        """See `EventStore`."""

    async def aread(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        opener: Opener | None = None,
    ) -> Sequence[RecordedEvent]:
        """See `EventStore`."""

    def stream_info(self, stream_id: str) -> StreamInfo:
        """See `EventStore`."""

    def version_as_of(self, stream_id: str, instant: datetime) -> int:
        """See `EventStore`."""


class KeyName(NamedTuple):
    """What a data key is for: a person's data of one retention class and one month. month: `2026-11`, UTC; `all` for snapshots."""

    subject: str
    retention_class: str
    month: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key, unwrapped: 32 bytes that no message, no log and no pickle may hold.

    ready: what was made of it to seal and open with (`sealing.box.cipher_of`); it lives as long as the key.
    """

    id: UUID
    name: KeyName
    secret: bytes = field(repr=False)
    ready: Any = field(default=None, init=False, repr=False, compare=False)

    def __reduce__(self) -> str | tuple[Any, ...]:
        msg = "a data key is never pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Gone:
    """A key that nobody has any more. why: `erasure`, `retention`, `undead`, `order`, or `lost`: nobody destroyed it. request: by which order."""

    why: str
    at: datetime | None = None
    request: str | None = None


LOST: Final = Gone("lost")


class KeyRing(Protocol):
    """Data keys, unwrapped, as far as a process may have them."""

    def held(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey] | None:
        """From memory alone; None if one is missing. MUST NOT wait for anything: coroutines ask it."""

    def sealing(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey]:
        """The keys to seal under. MUST mint those that are not there, each once, however many ask, and MUST NOT give one that the log does not know yet.

        Raises `SubjectErased`, `KeyStoreUnavailable`.
        """

    def opening(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """The keys of these ids, or what became of them. MUST answer each. Raises `KeyStoreUnavailable`."""

    def fresh(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """The same, and MUST NOT answer from memory: of the key store as it is now."""


class SealedEvent(Protocol):
    """An event with a box: what its seal was made over. occurred_at: as written, or the instant."""

    @property
    def event_id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def schema(self) -> int: ...
    @property
    def occurred_at(self) -> str | datetime: ...
    @property
    def sealed(self) -> Sealed | None: ...


class Opener(Protocol):
    """Opens boxes. Who holds one may: it is handed in, and nobody takes it by default."""

    def prepare(self, keys: Iterable[str]) -> None:
        """Fetch these keys at once, by their ids as records have them. Raises `KeyStoreUnavailable`."""

    def open(
        self, stream_id: str, commit_id: UUID, event: SealedEvent
    ) -> Mapping[str, Any] | Withheld:
        """The fields in an event's box, or why there are none. MUST NOT give what another key, event or place was sealed with.

        Raises `KeyStoreUnavailable`.
        """

    def key(self, key_id: UUID) -> DataKey | Gone:
        """A key that the log vouches for, or what became of it: for what is sealed beside the events. Raises `KeyStoreUnavailable`."""


class AccessRecorder(Protocol):
    """Records who looks at what, before it is shown."""

    def record(
        self,
        *,
        kind: str,
        purpose: str,
        subjects: Sequence[str],
        object: str | None = None,  # noqa: A002  (as the event's field is called)
        reference: str | None = None,
        actor: str,
        actor_kind: str = "officer",
    ) -> None:
        """MUST return only when it is recorded for good, and MUST raise where it cannot be: then nothing is shown."""


class Reach(Protocol):
    """Which streams somebody may see over HTTP, and what they may append there."""

    @property
    def sees_all(self) -> bool:
        """Whether nothing is filtered: then nobody asks for `streams`."""

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """Of these, those that may be seen. MUST NOT hold one of which it does not know whose it is, unless all may be seen."""

    def knows(self, persons: Collection[str]) -> frozenset[str]:
        """Of these ids of persons, those whose data may be seen. An event of a stream that `covers` has is about whom it names.

        MUST NOT hold one of whom it does not know whose data that is, unless all may be seen.
        """

    @property
    def hides(self) -> frozenset[str]:
        """Names of fields whose values are not shown, in no event's data and no state, whoever's they are: who of the staff it was."""

    def streams(self) -> Sequence[str]:
        """All that may be seen."""

    def refuses(
        self,
        stream_id: str,
        expected: Expected,
        events: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> str | None:
        """Why these events (type and data of each) may not be appended there, in a sentence without a person's data; None: they may."""

    def known_before(self) -> datetime | None:
        """`covers` knows all streams that had an event before this instant, by `recorded_at`; None: all that there are."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as a provider wrapped it. kek: the id of the key-encryption key that did."""

    kek: str
    box: bytes


class KeyProvider(Protocol):
    """Wraps data keys under key-encryption keys that never leave it. Several may be readable at once; one of them wraps.

    Each key comes with its context: bytes that it is bound to. Every call MUST end in bounded time, and raises `KeyStoreUnavailable`.
    """

    def current(self) -> str:
        """The id of the key-encryption key that wraps now. MUST be another's for another key."""

    def wrap(self, secrets: Sequence[tuple[bytes, bytes]]) -> Sequence[Wrapped]:
        """Each (context, secret) wrapped, in their order."""

    def unwrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[bytes | None]:
        """The secrets, in their order; None for what was wrapped for another context, or is not as it was.

        MUST raise, and name it, where it does not have the key-encryption key.
        """

    def rewrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[Wrapped | None]:
        """The same secrets under `current()`; None as `unwrap`."""


class Sealer(Protocol):
    """Seals the sensitive fields of events."""

    def seal(
        self,
        commit: Commit,
        secrets: Sequence[Secrets | None],
        *,
        at_once: bool = False,
    ) -> Commit:
        """The commit with what is sensitive in each event, as `secrets` names it, moved from `data` into `sealed`.

        MUST leave none of it in `data`. MUST change nothing else. at_once: MUST NOT wait for anything. Raises `SubjectErased`, `KeyStoreUnavailable`.
        """

    def unsealed(self, one: Commit, other: Commit) -> tuple[Commit, Commit]:
        """Both with what was in their boxes, so that they can be compared. MUST leave both closed at each event where one box cannot be opened.

        Raises `KeyStoreUnavailable`.
        """


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards, for time-outs."""

"""The vocabulary: what an event, a commit and a place in the log are. Plain values, no behaviour beyond themselves.

Those of which a read makes one or two an event are `msgspec.Struct`s: a frozen dataclass takes ten times as long to make.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID, uuid5

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COMMIT_BYTES: Final = 1_000_000
MAX_COMMIT_EVENTS: Final = 1_000
TOPIC_PREFIX: Final = "eventstore."

STREAM_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\.[A-Za-z0-9_.:-]{1,128}")
EVENT_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,126}")

_PARTITION_BITS, _OFFSET_BITS, _INDEX_BITS = 9, 38, 10
MAX_OFFSET: Final = 2**_OFFSET_BITS  # one more than the last that a position holds


@dataclass(frozen=True, slots=True)
class EventMetadata:
    """What is known of an event besides its data. `timestamp` is when it happened (the writer's clock)."""

    event_id: UUID
    stream_id: str
    event_type: str
    version: int
    timestamp: datetime
    correlation_id: UUID | None
    causation_id: UUID | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as a caller proposes it. What is left out is filled in at the door.

    data: the fields as a mapping, or a registered `msgspec.Struct`, whose class then names the type.
    occurred_at: aware; the store's clock if left out.
    """

    data: Any
    type: str | None = None
    event_id: UUID | None = None
    occurred_at: datetime | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    schema: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One partition of one topic: the unit of order."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where an event stands in the log; written `eventstore.order/3/4711/0`."""

    topic: str
    partition: int
    offset: int
    index: int = 0

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}/{self.index}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read the written form. Raises ValueError if it is none."""
        topic, *numbers = text.split("/")
        partition, offset, index = map(_number, numbers)
        if not topic:
            msg = "a position names its topic"
            raise ValueError(msg)
        return cls(topic, partition, offset, index)


def pack(type_number: int, partition: int, offset: int, index: int = 0) -> int:
    """Pack a place in the log into one bigint that sorts as the log does: 6 + 9 + 38 + 10 bits.

    Raises ValueError where a part does not fit its bits: two places must never share a number.
    """
    if not (
        0 < type_number < 64
        and 0 <= partition < 512
        and 0 <= offset < 2**_OFFSET_BITS
        and 0 <= index < 2**_INDEX_BITS
    ):
        msg = f"no position: {type_number}/{partition}/{offset}/{index}"
        raise ValueError(msg)
    return (
        (((type_number << _PARTITION_BITS) | partition) << _OFFSET_BITS | offset)
        << _INDEX_BITS
    ) | index


def unpack(packed: int) -> tuple[int, int, int, int]:
    """The type's number, partition, offset and index of a packed position."""
    index = packed & (2**_INDEX_BITS - 1)
    packed >>= _INDEX_BITS
    offset = packed & (2**_OFFSET_BITS - 1)
    packed >>= _OFFSET_BITS
    return packed >> _PARTITION_BITS, packed & (2**_PARTITION_BITS - 1), offset, index


@dataclass(frozen=True, slots=True)
class Expected:
    """What a commit expects of its stream's head (optimistic concurrency): a version, or one of the three words.

    value: an int ≥ 0, or "any", "no_stream", "stream_exists" (as in the record).
    """

    value: int | str

    ANY: ClassVar[Expected]
    NO_STREAM: ClassVar[Expected]
    STREAM_EXISTS: ClassVar[Expected]

    @classmethod
    def version(cls, n: int) -> Expected:
        """Expect the head to be exactly n. Raises ValueError below 0."""
        if n < 0:
            msg = f"a version is 0 or more, this is {n}"
            raise ValueError(msg)
        return cls(n)

    @classmethod
    def of(cls, value: Expected | int | str) -> Expected:
        """Take an Expected as it is, a bare int as a version, one of the words by name."""
        if isinstance(value, Expected):
            return value
        if isinstance(value, bool):
            msg = "an expected version is a number or a word, not a boolean"
            raise TypeError(msg)
        if isinstance(value, int):
            return cls.version(value)
        if value not in EXPECTED_WORDS:
            msg = "expected: a version, any, no_stream or stream_exists"
            raise ValueError(msg)
        return cls(value)

    def holds_for(self, head: int) -> bool:
        """Whether a stream at this head is as expected."""
        if self.value == "any":
            return True
        if self.value == "no_stream":
            return head == 0
        if self.value == "stream_exists":
            return head > 0
        return head == self.value

    def can_still_hold(self, head: int) -> bool:
        """False only if it can never come true again, heads being able only to grow."""
        if self.value == "no_stream":
            return head == 0
        return not isinstance(self.value, int) or self.value >= head


EXPECTED_WORDS: Final = frozenset({"any", "no_stream", "stream_exists"})
Expected.ANY = Expected("any")
Expected.NO_STREAM = Expected("no_stream")
Expected.STREAM_EXISTS = Expected("stream_exists")


@dataclass(frozen=True, slots=True)
class Sealed:
    """The sealed fields of an event as they stand in the record: key id, nonce and box, base64."""

    key: str
    nonce: str
    box: str


class Withheld:
    """Stands in the place of what is sealed and was not opened, and says why. No text, and JSON cannot write it.

    reason: `sealed` (opening it is a right, and nobody handed it in), `erased`, `expired` (its time of keeping is over), `lost` (its key is gone, and nobody
    destroyed it), `unopenable` (its box or its key is another than was written). at: when the key was destroyed; request: by which order.
    """

    __slots__ = ("at", "reason", "request")

    reason: str
    at: datetime | None
    request: str | None

    def __init__(
        self, reason: str, at: datetime | None = None, request: str | None = None
    ) -> None:
        if reason not in WITHHELD:
            msg = f"a reason is one of {', '.join(WITHHELD)}"
            raise ValueError(msg)
        for name, value in (("reason", reason), ("at", at), ("request", request)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        msg = f"{name}: a Withheld stays what it is"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> None:
        msg = f"{name}: a Withheld stays what it is"
        raise AttributeError(msg)

    def __repr__(self) -> str:
        """As people read it: `sealed`, or `erased on 2026-11-30 under request r-1`."""
        when = "" if self.at is None else f" on {self.at:%Y-%m-%d}"
        order = "" if self.request is None else f" under request {self.request}"
        return f"{self.reason}{when}{order}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Withheld):
            return NotImplemented
        return (self.reason, self.at, self.request) == (
            other.reason,
            other.at,
            other.request,
        )

    def __hash__(self) -> int:
        return hash((self.reason, self.at, self.request))

    def __reduce__(self) -> tuple[type[Withheld], tuple[object, ...]]:
        return Withheld, (self.reason, self.at, self.request)


WITHHELD: Final = ("sealed", "erased", "expired", "lost", "unopenable")
SEALED_AWAY: Final = Withheld("sealed")
"""What stands in the place of a sealed field where nobody handed in the right to open it."""


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """One event inside a commit, field for field as in the record."""

    event_id: UUID
    type: str
    schema: int
    occurred_at: str
    correlation_id: UUID | None
    causation_id: UUID | None
    data: Mapping[str, Any]
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """One append: 1..1,000 events of one stream under one expectation and one commit id."""

    commit_id: UUID
    stream_id: str
    expected: Expected
    events: Sequence[CommitEvent]
    v: int = 1


@dataclass(frozen=True, slots=True)
class Activation:
    """The record that makes a further rule version valid in its partition."""

    version: int


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that breaks the grammar. The reason is a stable word, never a part of the record."""

    reason: str


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """One accepted event as the mirror holds it.

    data: the fields as written; of those that are sealed only what was opened, and of an unknown type, of which nobody knows whose its fields are,
    nothing without an opener. sealed: their box, as it stands in the record.
    withheld: why the sealed fields are not in `data`; None where they are, or where there are none.
    problem: why the registry cannot read it (unknown type, ill-typed field), or None.
    """

    metadata: EventMetadata
    data: Mapping[str, Any]
    schema: int
    position: Position
    recorded_at: datetime
    commit_id: UUID
    sealed: Sealed | None = None
    problem: str | None = None
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class AppendResult:
    """Where an accepted commit stands. `replayed`: an earlier call had it decided before this one wrote anything (an idempotent retry)."""

    commit_id: UUID
    stream_id: str
    first_version: int
    last_version: int
    positions: Sequence[Position]
    recorded_at: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream's head and the times of its first and last commit. Versions have no holes: version = count."""

    stream_id: str
    version: int
    first_recorded_at: datetime
    last_recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Cut:
    """Everything up to here, a vector of offsets: for each partition the next offset that is not yet in it.

    A partition that is missing stands at 0. Written `eventstore.order/0:17,eventstore.order/1:4`.
    """

    offsets: Mapping[Place, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return ",".join(f"{p}:{n}" for p, n in sorted(self.offsets.items()))

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Read the written form. Raises ValueError if it is none."""
        offsets = {}
        parts = text.split(",") if text else []
        for part in parts:
            place, _, offset = part.rpartition(":")
            topic, partition = place.split("/")
            offsets[Place(topic, _number(partition))] = _number(offset)
        if any(offset >= MAX_OFFSET for offset in offsets.values()):
            msg = f"an offset is less than 2^{_OFFSET_BITS}"
            raise ValueError(msg)
        if any(not place.topic for place in offsets) or len(offsets) != len(parts):
            msg = "a cut names each partition once, with its topic"
            raise ValueError(msg)
        return cls(offsets)


def _number(text: str) -> int:
    """An offset or the like as we write it: `int` would take " 4", "+4", "4_0" and other scripts' digits too."""
    if not (text.isascii() and text.isdigit()) or str(int(text)) != text:
        msg = "a number of a position is written in digits, without leading zeros"
        raise ValueError(msg)
    return int(text)


def topic_of(stream_id: str) -> str:
    """The topic that a stream belongs in: `eventstore.` and the part before the first dot."""
    return TOPIC_PREFIX + stream_type_of(stream_id)


def stream_type_of(stream_id: str) -> str:
    """The name of a stream's type: the part before the first dot. Whether it is registered, `Registry.stream_type_of` knows."""
    return stream_id.partition(".")[0]


def stream_type_in(topic: str) -> str:
    """The name of the type whose streams a topic is about, of the log or beside it: the part behind the first dot."""
    return topic.partition(".")[2]


def derived_event_id(commit_id: UUID, index: int) -> UUID:
    """The id of an event that came without one: the same in every retry of the commit (rule 14)."""
    return uuid5(commit_id, str(index))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_milliseconds(milliseconds: int) -> datetime:
    """The instant of a broker's time stamp (milliseconds since 1970, UTC), exactly."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970 of an instant; the reverse of `from_milliseconds`."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def written(instant: datetime) -> str:
    """The one way an instant stands in a record: `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Raises ValueError for a naive one, and for one that lies outside of the years 1 to 9999 in UTC.
    """
    if instant.tzinfo is None:
        msg = "an instant needs its time zone"
        raise ValueError(msg)
    try:
        instant = instant.astimezone(UTC)
    except OverflowError:
        msg = "an instant lies in the years 1 to 9999, in UTC"
        raise ValueError(msg) from None
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant_of(text: str) -> datetime:
    """Read what `written` wrote."""
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)

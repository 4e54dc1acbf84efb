"""The registry itself: types are given to it once, and it judges what is written and reads what was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.errors import InvalidEvent, InvalidStreamId, UnreadableEvent
from eventstore.events import (
    EVENT_TYPE,
    SEALED_AWAY,
    STREAM_ID,
    CommitEvent,
    Withheld,
    stream_type_of,
)
from eventstore.protocol.arguments import stream_id_in
from eventstore.protocol.positions import TYPES
from eventstore.registry import event_classes
from eventstore.registry.event_type import (
    DEFAULT_RETENTION,
    SNAPSHOT_RETENTION,
    Event,
    EventType,
    Secrets,
    StreamType,
)
from eventstore.registry.half_read import Halves
from eventstore.registry.problems import Problem
from eventstore.registry.secrets_in import secrets_in
from eventstore.registry.sensitivity import sensitive_fields
from eventstore.registry.upcasters import Upcast, Upcasters
from eventstore.registry.wording import other_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eventstore.events import RecordedEvent
    from eventstore.registry.event_classes import Written
    from eventstore.registry.privacy_events import PrivacyEvents

# What a record can hold (docs/RECORD_FORMAT.md): a type beyond it could be registered but never written.
_STREAM_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RETENTION: Final = _STREAM_TYPE

SEALED: Final = Problem.SEALED


class Registry:
    """The types of one domain. Filled at import, read by everybody, never changed at run time.

    sensitive: of the types that have such fields, their names in data.
    """

    def __init__(self) -> None:
        self._streams: dict[str, StreamType] = {}
        self._topics: dict[int, str] = {}
        self._events: dict[str, EventType] = {}
        self._by_struct: dict[type[Event], EventType] = {}
        self._halves = Halves()
        self.sensitive: dict[str, frozenset[str]] = {}
        self._upcasters = Upcasters()
        self.privacy: PrivacyEvents | None = None

    # ---- filling it

    def stream_type(
        self, name: str, *, number: int, takes_id: Callable[[str], bool] = bool
    ) -> None:
        """Register a kind of stream. Raises ValueError if its name or number is taken or out of range."""
        if not _STREAM_TYPE.fullmatch(name):
            msg = f"stream type {name}: a name is a-z, then up to 62 of a-z 0-9 _"
            raise ValueError(msg)
        if name in self._streams or not 0 < number < TYPES:
            msg = f"stream type {name}: its name is taken or {number} is not in 1..{TYPES - 1}"
            raise ValueError(msg)
        if any(known.number == number for known in self._streams.values()):
            msg = f"stream type {name}: number {number} is taken"
            raise ValueError(msg)
        self._streams[name] = made = StreamType(name, number, takes_id)
        self._topics[number] = made.topic

    def event_type(
        self,
        struct: type[Event],
        *,
        stream_type: str,
        subject: str | None = "",
        name: str | None = None,
        schema: int = 1,
        retention: str = DEFAULT_RETENTION,
    ) -> None:
        """Register an event's class. name: on the wire, for good; the class's own if left out, of which `manage.py check` warns.
        retention: the class of data by which its sensitive fields are kept and one day forgotten; in the name of their keys, so for good.

        Raises ValueError for a taken name, an unknown stream type or subject, a class whose objects the log could not hold.
        """
        is_named, name = name is not None, name or struct.__name__
        msg = ""
        if name in self._events or stream_type not in self._streams:
            msg = f"event type {name}: its name is taken or {stream_type} is no stream type"
        elif not EVENT_TYPE.fullmatch(name):
            msg = f"event type {name}: a name is a letter, then up to 126 of A-Z a-z 0-9 _"
        elif subject and subject not in struct.__struct_fields__:
            msg = f"event type {name}: its subject {subject} is none of its fields"
        elif not _RETENTION.fullmatch(retention) or retention == SNAPSHOT_RETENTION:
            msg = f"event type {name}: a retention class is a-z, then up to 62 of a-z 0-9 _, and not {SNAPSHOT_RETENTION}"
        if msg:
            raise ValueError(msg)
        event_classes.refuse_unfit(f"event type {name}", struct)
        kept, is_free = event_classes.left_out(struct), event_classes.is_free(struct)
        own = sensitive_fields(struct), subject, kept, is_free, is_named, retention
        known = EventType(name, stream_type, schema, struct, *own)
        known.refuse_a_sensitive_subject()
        self._events[name] = self._by_struct[struct] = known
        if known.sensitive:
            self.sensitive[name] = known.sensitive

    def upcaster(self, name: str, *, from_schema: int, upcast: Upcast) -> None:
        """Register the step of an event type from one schema to the next; what is wrong with it `problems` tells."""
        self._upcasters.register(name, from_schema, upcast)

    def privacy_events(self, events: PrivacyEvents) -> None:
        """Say by which events keys, erasures and holds are recorded. Raises ValueError for a class that does not fit."""
        events.refuse_unfit(self._by_struct)
        self.privacy = events

    # ---- asking it

    @property
    def problems(self) -> list[str]:
        """What is wrong with the upcasters: a step that is missing, twice, of no type, or leads nowhere."""
        return self._upcasters.problems({t.name: t.schema for t in self.event_types()})

    @property
    def stream_types(self) -> Mapping[str, StreamType]:
        """By name."""
        return self._streams

    def topic_numbered(self, number: int) -> str:
        """The topic whose positions are packed with this number. Raises ValueError for one that is not registered."""
        try:
            return self._topics[number]
        except KeyError:
            msg = f"{number} is no registered stream type's number"
            raise ValueError(msg) from None

    def event_types(self) -> Iterator[EventType]:
        """All of them, in the order of their registration."""
        return iter(self._events.values())

    def event_type_named(self, name: str) -> EventType | None:
        """The type of this name; None where it is not registered."""
        return self._events.get(name)

    def stream_type_of(self, stream_id: str) -> StreamType:
        """The kind of a stream id. Raises `InvalidStreamId` where there is none or it does not take the id."""
        stream_id = stream_id_in(stream_id)
        name, dot, own_id = stream_id.partition(".")
        if not dot:
            msg = "it is {type}.{id}, as in order.order-123; this one has no dot"
            raise InvalidStreamId(msg)
        known = self._streams.get(name)
        if known is None:
            msg = f"its type is none of {', '.join(self._streams)}"
            raise InvalidStreamId(msg)
        if not STREAM_ID.fullmatch(stream_id):
            msg = "an id has 1 to 128 of the characters A-Z a-z 0-9 _ . : -"
            raise InvalidStreamId(msg)
        if not known.takes_id(own_id):
            msg = f"a {name}'s id may not have this form or length"
            raise InvalidStreamId(msg)
        return known

    def type_of(self, data: object) -> EventType:
        """The type that a Struct's class was registered as. Raises `InvalidEvent` if it was not."""
        known = self._by_struct.get(type(data))  # type: ignore[arg-type]
        if known is None:
            msg = f"{type(data).__name__} is not a registered event"
            raise InvalidEvent(msg)
        return known

    def admit(
        self, stream_type: str, name: str, schema: int | None, data: Any
    ) -> tuple[EventType, Mapping[str, Any]]:
        """Check an event at the door. Raises `InvalidEvent`, which names the field but quotes no value.

        Returns the type and the data as its class writes them: absent fields left out, defaults written.
        """
        known = self._events.get(name)
        if known is None or known.stream_type != stream_type:
            said = name if EVENT_TYPE.fullmatch(name) else "what it calls its type"
            msg = f"{said} is no event of a {stream_type} stream"
            raise InvalidEvent(msg)
        if schema is not None and (schema != known.schema or type(schema) is not int):
            msg = f"{name} is written in schema {known.schema}, {other_schema(schema)}"
            raise InvalidEvent(msg)
        return known, event_classes.admitted(known, data)

    def secrets_of(
        self, known: EventType, stream_id: str, schema: int, data: Mapping[str, Any]
    ) -> Secrets | None:
        """What of an event is sealed, and for whom; None where nothing of it is sensitive. Raises `InvalidEvent` where it names nobody."""
        return secrets_in(known, self._upcasters, stream_id, schema, data)

    def fields_of(self, name: str) -> tuple[str, ...]:
        """What the fields of an event type are called in the log; none where it is not registered."""
        known = self._events.get(name)
        return () if known is None else known.struct.__struct_encode_fields__

    def problem_of(self, stream_type: str, event: Written) -> Problem | None:
        """Why an accepted event cannot be read by these types, or None: what is sealed cannot be judged from outside."""
        if problem := fault_in(self.read(stream_type, event)):
            return problem
        hidden = self.sensitive.get(event.type, frozenset())
        return None if hidden.isdisjoint(event.data) else Problem.SENSITIVE_IN_CLEAR

    def read(
        self,
        stream_type: str,
        event: Written,
        opened: Mapping[str, Any] | Withheld = SEALED_AWAY,
    ) -> Event | Problem:
        """An accepted event as its class of today, through the upcasters; or why it cannot be read. Never quotes a value.

        opened: what was in its box (nothing, where there is none), by who may open it; else why it stays closed: that stands in its sensitive
        fields then, those included that a writer has left in the clear.
        """
        known = self._events.get(event.type)
        if known is None:
            return Problem.UNKNOWN_TYPE
        if known.stream_type != stream_type:
            return Problem.WRONG_STREAM_TYPE
        if event.schema != known.schema and not self._upcasters.reach(
            known.name, event.schema, known.schema
        ):
            return Problem.UNKNOWN_SCHEMA
        if not isinstance(opened, Withheld):
            return self._read_whole(known, {**event.data, **opened}, event.schema)
        if event.sealed is None and known.sensitive.isdisjoint(event.data):
            return self._read_whole(known, event.data, event.schema)
        return self._halves.read(known, self._upcasters, event, opened)

    def _read_whole(
        self, known: EventType, data: Mapping[str, Any], schema: int
    ) -> Event | Problem:
        try:
            if schema != known.schema:
                raised = self._upcasters.raised
                data = raised(known.name, data, schema, known.schema)
            return msgspec.convert(data, known.struct)
        except Exception:  # noqa: BLE001  (of a step, too: it is given what anybody wrote)
            return Problem.ILL_TYPED

    def event_of(self, recorded: RecordedEvent) -> Event:
        """A read event as its class of today, what was withheld marked in it. Raises `UnreadableEvent`, which quotes no value."""
        metadata = recorded.metadata
        written = CommitEvent(
            *(metadata.event_id, metadata.event_type, recorded.schema, "", None, None),
            data=recorded.data,
            sealed=recorded.sealed,
        )
        event_or_problem = self.read(
            stream_type_of(metadata.stream_id), written, recorded.withheld or {}
        )
        if not isinstance(event_or_problem, Problem):
            return event_or_problem
        raise UnreadableEvent(
            metadata.stream_id,
            metadata.version,
            event_type=metadata.event_type,
            position=str(recorded.position),
            problem=event_or_problem,
        )

    def upcaster_digest(self, stream_type: str) -> str:
        """SHA-256 of the upcasters of a stream type's events. Raises OSError where their source is not at hand."""
        return self._upcasters.digest(
            {t.name for t in self.event_types() if t.stream_type == stream_type}
        )

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of every event type, by name, from the classes that the door validates with."""
        types = list(self.event_types())
        schemas, definitions = msgspec.json.schema_components([t.struct for t in types])
        return {
            "$defs": definitions,
            "events": {t.name: s for t, s in zip(types, schemas, strict=True)},
        }


def fault_in(read: object) -> Problem | None:
    """Why an event cannot be read, of what `read` gave; None, too, where only the box stands in the way."""
    if not isinstance(read, Problem) or read in (SEALED, Problem.SEALED_EARLIER):
        return None
    return read

"""What a type of streams and a type of events is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.errors import InvalidEvent
from eventstore.events import TOPIC_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_RETENTION: Final = "default"
SNAPSHOT_RETENTION: Final = "snapshot"
"""The class of the keys under which states are sealed: of all that they are made of, so of no type of events."""

SENSITIVE: Final = msgspec.Meta(extra={"sensitive": True})
"""Annotates the fields of an event that are sealed in the log."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What happened, in the past tense. Fields that may be absent default to None and are then left out.

    Any other default is written, so that it stays what it was when the class says another.
    """


@dataclass(frozen=True, slots=True)
class StreamType:
    """A kind of stream. `number` is part of every packed position: given once, never changed."""

    name: str
    number: int
    takes_id: Callable[[str], bool]

    @property
    def topic(self) -> str:
        """The topic of the log of record."""
        return TOPIC_PREFIX + self.name


@dataclass(frozen=True, slots=True)
class EventType:
    """A registered type of event in one schema version.

    sensitive: the fields of data that are sealed, as they are named there. retention: how long they are kept, in a word.
    subject: the field with the id of the person it is about; the stream's own id if "" ; None if nobody.
    kept: fields whose defaults are written. is_free: whether a field takes values of any type. is_named: whether the name was given, or is just the class's.
    """

    name: str
    stream_type: str
    schema: int
    struct: type[Event]
    sensitive: frozenset[str]
    subject: str | None
    kept: tuple[str, ...] = ()
    is_free: bool = False
    is_named: bool = True
    retention: str = DEFAULT_RETENTION

    def subject_of(self, stream_id: str, data: Mapping[str, Any]) -> str | None:
        """The id of whom an event is about, whose keys seal it. data: in the schema of today, with the subject's field.

        None if it is about nobody; what is sensitive in such an event is sealed under the stream's own id. Raises `InvalidEvent`
        where its field names nobody.
        """
        if self.subject is None and not self.sensitive:
            return None
        if not self.subject:
            return stream_id.partition(".")[2]
        subject = data.get(self.wire_name(self.subject))
        if isinstance(subject, str) and subject:
            return subject
        msg = f"{self.name}: its field {self.subject} names nobody, under whose keys it could be sealed"
        raise InvalidEvent(msg)

    def refuse_a_sensitive_subject(self) -> None:
        """Raise ValueError where the field that names whose keys are to be found would be sealed under them."""
        if self.subject and self.wire_name(self.subject) in self.sensitive:
            msg = f"event type {self.name}: its subject {self.subject} is sensitive, and by it the key is found: make it an id of no meaning"
            raise ValueError(msg)

    def wire_name(self, field: str) -> str:
        """What a field of the class is called in data."""
        names = self.struct.__struct_fields__
        return self.struct.__struct_encode_fields__[names.index(field)]


@dataclass(frozen=True, slots=True)
class Secrets:
    """What of one event is sealed: the names of its fields, for whom, and how long it is kept."""

    subject: str
    retention: str
    names: frozenset[str]

"""What is checked and filled in before a commit may go to the log. What is refused here leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from eventstore.appender.past import admit, take_over
from eventstore.context import current
from eventstore.errors import InvalidEvent
from eventstore.events import (
    EXPECTED_WORDS,
    MAX_COMMIT_EVENTS,
    Commit,
    CommitEvent,
    Expected,
    NewEvent,
    derived_event_id,
    written,
)
from eventstore.protocol.arguments import (
    event_id_in,
    is_number,
    plain_text,
    stream_id_in,
)
from eventstore.protocol.json_values import unfit
from eventstore.protocol.strict_json import MAX_INTEGER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from eventstore.appender.past import Admit
    from eventstore.ports import Clock, Sealer
    from eventstore.registry import EventType, Registry
    from eventstore.registry.event_type import Secrets


_NO_INSTANT: Final = "occurred_at is no instant with a time zone in the years 1 to 9999"


@dataclass(frozen=True, slots=True)
class Door:
    """Makes a commit of what a caller proposes: registered types, ids that a repeat derives again, sealed fields.

    Correlation and causation: as given, else the context's (`eventstore.context`), else the first event's id and none.
    """

    registry: Registry
    clock: Clock
    sealer: Sealer

    def commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        commit_id: UUID,
        *,
        at_once: bool = False,
    ) -> Commit:
        """The commit, sealed. Raises `InvalidStreamId`, `InvalidEvent`, whatever it is given; no message quotes a value.

        at_once: raise `KeysNotHeld` rather than wait for keys. Raises also `SubjectErased`, `KeyStoreUnavailable`.
        """
        commit, secrets = self._commit(stream_id, events, expected, commit_id, admit)
        return self.sealer.seal(commit, secrets, at_once=at_once)

    def past_commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        first_version: int | None,
        commit_id: UUID,
    ) -> Commit:
        """The commit of facts that another log has accepted: as they were, if these types can read them.

        first_version: what it was there, None where nobody says. Raises as `commit` does.
        """
        expected = "any" if first_version is None else first_version - 1
        commit, secrets = self._commit(
            stream_id, events, expected, commit_id, take_over
        )
        return self.sealer.seal(commit, secrets)

    def _commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        commit_id: UUID,
        judge: Admit,
    ) -> tuple[Commit, list[Secrets | None]]:
        stream_id = stream_id_in(stream_id)
        stream_type = self.registry.stream_type_of(stream_id).name
        commit_id = event_id_in(commit_id)
        ids = _ids(_listed(events), commit_id)
        secrets, admitted = [], []
        for index, (event, event_id) in enumerate(zip(events, ids, strict=True)):
            try:
                known, made = self._admit(stream_type, event, event_id, ids[0], judge)
                secrets.append(self._secrets(known, stream_id, made))
            except InvalidEvent as error:
                raise InvalidEvent(error.reason, index=index) from None
            admitted.append(made)
        commit = Commit(commit_id, stream_id, _expected(expected), tuple(admitted))
        return commit, secrets

    def _secrets(
        self, known: EventType, stream_id: str, event: CommitEvent
    ) -> Secrets | None:
        """What of it is sealed. What JSON cannot hold is refused here: behind the seal nobody would see it."""
        of = self.registry.secrets_of
        secrets = of(known, stream_id, event.schema, event.data)
        if secrets is None or all(_is_text(event.data[n]) for n in secrets.names):
            return secrets  # its other fields are judged with the record
        if problem := unfit(event.data, self.registry.fields_of(event.type)):
            msg = f"{event.type}: {problem}"
            raise InvalidEvent(msg)
        return secrets

    def _admit(
        self,
        stream_type: str,
        event: NewEvent,
        event_id: UUID,
        first_id: UUID,
        judge: Admit,
    ) -> tuple[EventType, CommitEvent]:
        name, around = self._name_of(event), current()
        known, schema, fit = judge(
            self.registry, stream_type, name, event.schema, event.data
        )
        correlation, at = event.correlation_id, event.occurred_at
        if correlation is None:
            correlation = first_id if (c := around.correlation_id) is None else c
        causation = event.causation_id
        causation = around.causation_id if causation is None else causation
        return known, CommitEvent(
            event_id=event_id,
            type=name,
            schema=schema,
            occurred_at=written(self.clock.now()) if at is None else _written(at),
            correlation_id=event_id_in(correlation),
            causation_id=None if causation is None else event_id_in(causation),
            data=fit,
        )

    def _name_of(self, event: NewEvent) -> str:
        """What its type is called: as given, or by the class of its data. Raises `InvalidEvent`."""
        name = event.type
        if name is not None and type(name) is not str:
            name = plain_text(name, "its type")
        if isinstance(event.data, msgspec.Struct):
            own = self.registry.type_of(event.data).name
            if name is not None and name != own:
                msg = f"its type is given as another than that of its data, {own}"
                raise InvalidEvent(msg)
            return own
        if name is None:
            msg = "it has no type"
            raise InvalidEvent(msg)
        return name


def _listed(events: object) -> Sequence[NewEvent]:
    """A list of events. A generator is none: nobody could propose it again, under the same id, after a lost answer."""
    if not isinstance(events, list | tuple):
        msg = (
            f"its events are a {type(events).__name__}: give a list or a tuple of them"
        )
        raise InvalidEvent(msg)
    for index, event in enumerate(events):
        if not isinstance(event, NewEvent):
            msg = f"it is a {type(event).__name__}: give NewEvent(data)"
            raise InvalidEvent(msg, index=index)
    return events


def _ids(events: Sequence[NewEvent], commit_id: UUID) -> list[UUID]:
    """The ids of the events, given or derived. Raises `InvalidEvent` for a wrong number of them, or one twice."""
    if not 1 <= len(events) <= MAX_COMMIT_EVENTS:
        msg = f"it has {len(events)} events, 1 to {MAX_COMMIT_EVENTS} are allowed"
        raise InvalidEvent(msg)
    ids = [
        derived_event_id(commit_id, index)
        if event.event_id is None
        else event_id_in(event.event_id)
        for index, event in enumerate(events)
    ]
    if len(set(ids)) != len(ids):
        msg = "an event id stands in it twice"
        raise InvalidEvent(msg)
    return ids


def _expected(wanted: object) -> Expected:
    value = wanted.value if isinstance(wanted, Expected) else wanted
    if type(wanted) is Expected and type(value) is str and value in EXPECTED_WORDS:
        return wanted
    if isinstance(value, str) and value in EXPECTED_WORDS:
        return Expected(str.__str__(value))
    if is_number(value) and 0 <= value <= MAX_INTEGER:
        return Expected(int(value))
    kind = "number" if is_number(value) else type(value).__name__
    msg = (
        "expected: a version (0 to 2^53), any, no_stream or stream_exists, not this"
        f" {kind}"
    )
    raise InvalidEvent(msg)


def _written(instant: object) -> str:
    try:
        if isinstance(instant, datetime) and instant.utcoffset() is not None:
            return written(instant)
    except Exception as error:
        raise InvalidEvent(_NO_INSTANT) from error
    raise InvalidEvent(_NO_INSTANT)


def _is_text(value: object) -> bool:
    """Whether it is, without asking further, a text that a record can hold."""
    return type(value) is str and "\0" not in value and value.isascii()

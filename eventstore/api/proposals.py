"""What is proposed over HTTP: the body of an append, and the headers that say under which id and what it expects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from eventstore.api.bodies import decoded
from eventstore.api.conditional import IF_MATCH, KEY, expected_in, key_in
from eventstore.api.problems import ExpectationsDisagree, InvalidBody
from eventstore.conf import registry
from eventstore.errors import InvalidEvent
from eventstore.events import Expected, NewEvent, stream_type_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_Expected = (
    Annotated[int, msgspec.Meta(ge=0)] | Literal["any", "no_stream", "stream_exists"]
)

_NEITHER: Final = "Say what the commit expects of its stream: expected_version in the body, or the header If-Match."


class ProposedEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event of a body. What may be left out is left out, not null: null would look like a value."""

    type: str
    data: dict[str, Any]
    event_id: UUID | UnsetType = UNSET
    occurred_at: _Instant | UnsetType = UNSET
    correlation_id: UUID | UnsetType = UNSET
    causation_id: UUID | UnsetType = UNSET

    def new(self) -> NewEvent:
        """As the store takes it."""
        return NewEvent(
            self.data,
            self.type,
            _or_none(self.event_id),
            _or_none(self.occurred_at),
            _or_none(self.correlation_id),
            _or_none(self.causation_id),
        )


class ProposedCommit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an append."""

    events: list[ProposedEvent]
    expected_version: _Expected | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the store is asked to append."""

    events: Sequence[NewEvent]
    expected: Expected

    @property
    def contents(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Type and data of each event, as a `Reach` is asked about them."""
        return [(str(event.type), event.data) for event in self.events]

    def judge(self, stream_id: str) -> None:
        """Raise `InvalidEvent` for what no stream of this type takes, whosever it is. A stream of no type takes nothing: that is not said here."""
        known = registry()
        stream_type = stream_type_of(stream_id)
        if stream_type not in known.stream_types:
            return
        for index, (name, data) in enumerate(self.contents):
            try:
                known.admit(stream_type, name, None, data)
            except InvalidEvent as error:
                raise InvalidEvent(error.reason, index=index) from None


def commit_id_of(headers: Mapping[str, str]) -> UUID:
    """As the caller says, or a new one. Raises `InvalidHeader`."""
    said = headers.get(KEY)
    return uuid4() if said is None else key_in(said)


def proposal_of(body: object, headers: Mapping[str, str]) -> Proposal:
    """Raises `MalformedBody`, `InvalidBody`, `InvalidHeader`, `ExpectationsDisagree`."""
    commit = decoded(body, ProposedCommit)
    if_match = headers.get(IF_MATCH)
    by_header = None if if_match is None else expected_in(if_match)
    by_body: int | str | None = _or_none(commit.expected_version)
    if by_header is not None and by_body is not None and by_header != by_body:
        msg = f"If-Match says {by_header}, expected_version says {by_body}."
        raise ExpectationsDisagree(msg)
    said = by_header if by_body is None else by_body
    if said is None:
        raise InvalidBody(_NEITHER, field="expected_version")
    return Proposal([event.new() for event in commit.events], Expected.of(said))


def _or_none(value: Any) -> Any:
    return None if value is UNSET else value

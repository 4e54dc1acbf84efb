"""The interchange format: one event a line, as CloudEvents 1.0 JSON.

Two systems that exchange a history must agree on every byte of it, so a line is read as strictly as a record
of the log: no name twice, no attribute of the wrong type, no guessing. A reason quotes nothing of the line:
it ends up in terminals and logs.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from eventstore.events import (
    EVENT_TYPE,
    MAX_COMMIT_BYTES,
    SEALED_AWAY,
    STREAM_ID,
    NewEvent,
    RecordedEvent,
    Withheld,
)
from eventstore.exchange.envelope import JSON_DATA, Envelope, encode, envelope_of
from eventstore.protocol.instants import rfc3339
from eventstore.protocol.strict_json import Broken, parse

T = TypeVar("T")

MAX_LINE_BYTES: Final = MAX_COMMIT_BYTES + 10_000
"""One event, which fits a record, and its attributes."""

SEALED_DATA: Final = "application/vnd.teddy.sealed+json"

COMMIT_NAMESPACE: Final = UUID("6f0b3f0e-57c8-5a0c-9d52-6a7e5f3a8c11")
"""Fixed for ever: a line without `commitid` gets UUIDv5 of its event id in it, the same in every import."""


class BadLine(ValueError):  # noqa: N818  (what it is called everywhere: in the docs, in the report)
    """A line is not an event that can be imported.

    reason: says what to put right, and quotes nothing of the line.
    commit_id: the commit that the line seems to belong to, None where even that cannot be read.
    """

    def __init__(self, reason: str, *, commit_id: UUID | None = None) -> None:
        self.reason = reason
        self.commit_id = commit_id
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class ImportedEvent:
    """One line, read. Lines of one stream with the same *given* commit id were one commit.

    version: what the line says it is in its stream. dropped: the names of what it says and no event has a place for.
    """

    stream_id: str
    event: NewEvent
    commit_id: UUID
    commit_is_given: bool = False
    version: int | None = None
    dropped: tuple[str, ...] = ()


def parse_line(line: bytes) -> ImportedEvent:
    """Read one line. Raises `BadLine`. Whether type and data are known is the store's question, not asked here."""
    try:
        return _imported(_object_of(line))
    except BadLine as bad:
        bad.commit_id = _mentioned_commit(line)
        raise


def export_line(
    recorded: RecordedEvent, *, source: str, left_out: str | None = None
) -> bytes:
    """One line, with its line feed, for an event that was accepted. What is sealed, and was not opened, stays so.

    left_out: the names of fields that another writer left in the clear and that therefore do not leave the store, with commas between.
    """
    sealed = recorded.sealed
    if sealed is None and left_out:
        told = {"withheld": left_out, "problem": recorded.problem}
        told |= {"datacontenttype": JSON_DATA}
        line = envelope_of(recorded, source, data=recorded.data, **told)
    elif sealed is None or recorded.withheld is None:
        line = envelope_of(
            recorded, source, data=recorded.data, datacontenttype=JSON_DATA
        )
    else:
        both = {"clear": recorded.data, "sealed": asdict(sealed)}
        if recorded.withheld.reason != SEALED_AWAY.reason:
            both["withheld"] = _why(recorded.withheld)
        line = envelope_of(recorded, source, data=both, datacontenttype=SEALED_DATA)
    return encode(line) + b"\n"


def _why(withheld: Withheld) -> dict[str, Any]:
    """Why it could not be opened, though somebody might; what is not known is left out."""
    said = ((name, getattr(withheld, name)) for name in ("reason", "at", "request"))
    return {name: value for name, value in said if value is not None}


def proposal_line(imported: ImportedEvent, *, source: str) -> bytes:
    """One line for an event that is still to be imported: what `parse_line` reads, and nothing more.

    Raises ValueError where the event lacks what an import needs.
    """
    event = imported.event
    if event.type is None or event.event_id is None or event.occurred_at is None:
        msg = "an event to be imported needs its type, id and time"
        raise ValueError(msg)
    line = Envelope(
        specversion="1.0",
        id=event.event_id,
        source=source,
        type=event.type,
        subject=imported.stream_id,
        time=event.occurred_at.astimezone(UTC),
        datacontenttype=JSON_DATA,
        correlationid=event.correlation_id,
        causationid=event.causation_id,
        commitid=imported.commit_id if imported.commit_is_given else None,
        schemaversion=event.schema,
        data=event.data,
    )
    return encode(line) + b"\n"


# ---- line → JSON -----------------------------------------------------------------------------------------------------


def _object_of(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        msg = f"it is longer than {MAX_LINE_BYTES} bytes"
        raise BadLine(msg)
    try:
        value = parse(line)
    except Broken as broken:
        raise BadLine(_WHY.get(str(broken), f"it is refused: {broken}")) from None
    if not isinstance(value, dict):
        msg = "it is not a JSON object"
        raise BadLine(msg)
    return value


_WHY: Final = {
    "byte_order_mark": "it begins with a byte order mark",
    "lone_surrogate": "a text in it holds half a surrogate pair",
    "name_twice": "an object in it has the same name twice",
    "not_json": "it is not JSON",
    "not_utf8": "it is not UTF-8",
    "nul_character": "a text in it holds a NUL character",
    "number_out_of_range": "a number in it is out of range",
    "too_deep": "it is nested too deep",
}


# ---- JSON → event ----------------------------------------------------------------------------------------------------

_NAME: Final = re.compile(r"[a-z0-9]+")
_UUID: Final = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
)
_JSON_TYPE: Final = re.compile(r'(?i)application/json(;\s*charset="?utf-8"?)?')
_POSITION: Final = re.compile(r"[^/]+(/[0-9]{1,12}){3}")
_ANYTHING: Final = re.compile(r".+", re.DOTALL)
_COMMIT_ID: Final = re.compile(rb'"commitid"\s*:\s*"(%b)"' % _UUID.pattern.encode())


def _imported(fields: dict[str, Any]) -> ImportedEvent:
    data = fields.pop("data", None)
    # CloudEvents: an attribute that is null is an attribute that is not there
    attributes = {name: value for name, value in fields.items() if value is not None}
    _refuse_what_no_import_reads(attributes)
    event_id = _required(_uuid(attributes, "id"), "id")
    commit_id = _uuid(attributes, "commitid")
    stream_id = _text(attributes, "subject", STREAM_ID, "a stream id, {type}.{id}")
    event = NewEvent(
        type=_text(attributes, "type", EVENT_TYPE, "the name of an event type"),
        event_id=event_id,
        occurred_at=_required(_time(attributes, "time"), "time"),
        correlation_id=_uuid(attributes, "correlationid"),
        causation_id=_uuid(attributes, "causationid"),
        schema=_natural(attributes, "schemaversion"),
        data=_data(attributes, data),
    )
    return ImportedEvent(
        stream_id,
        event,
        commit_id or uuid5(COMMIT_NAMESPACE, str(event_id)),
        commit_is_given=commit_id is not None,
        version=_version(attributes),
        dropped=tuple(sorted(attributes.keys() - _KNOWN)),
    )


def _refuse_what_no_import_reads(attributes: dict[str, Any]) -> None:
    """What becomes no part of the event must still be what it claims to be."""
    if attributes.get("specversion") != "1.0":
        msg = 'specversion must be "1.0"'
        raise BadLine(msg)
    for name in attributes.keys() - _KNOWN:
        if not _NAME.fullmatch(name):
            msg = "an attribute's name is lower-case letters and digits"
            raise BadLine(msg)
    if attributes.keys() & _OF_WHAT_IS_LEFT_OUT:
        msg = "fields were left out of it, as the real-time stream and a sealed export do: import an export that was made with --unseal"
        raise BadLine(msg)
    for name in (attributes.keys() & {"dataschema"}) | {"source"}:
        _text(attributes, name, _ANYTHING, "a URI that is not empty")
    _time(attributes, "recordedtime")
    if "logposition" in attributes:
        _text(attributes, "logposition", _POSITION, "topic/partition/offset/index")


_OF_WHAT_IS_LEFT_OUT: Final = frozenset(
    {"withheld", "problem", "sealedkey", "sealednonce", "sealedbox"}
)
_KNOWN: Final = frozenset({*Envelope.__struct_fields__, "dataschema"})


def _data(attributes: dict[str, Any], data: Any) -> dict[str, Any]:
    content_type = attributes.get("datacontenttype", JSON_DATA)
    if content_type == SEALED_DATA:
        msg = "its data is sealed: export it unsealed, where its keys are"
        raise BadLine(msg)
    if not isinstance(content_type, str) or not _JSON_TYPE.fullmatch(content_type):
        msg = f"datacontenttype must be {JSON_DATA}"
        raise BadLine(msg)
    if not isinstance(data, dict):
        msg = "data must be a JSON object"
        raise BadLine(msg)
    return data


def _text(
    attributes: dict[str, Any], name: str, form: re.Pattern[str], described: str
) -> str:
    value = _required(attributes.get(name), name)
    if not isinstance(value, str) or not form.fullmatch(value):
        msg = f"{name} must be {described}"
        raise BadLine(msg)
    return value


def _required(value: T | None, name: str) -> T:
    if value is None:
        msg = f"it has no {name}"
        raise BadLine(msg)
    return value


def _uuid(attributes: dict[str, Any], name: str) -> UUID | None:
    value = attributes.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        msg = f"{name} must be a UUID with hyphens"
        raise BadLine(msg)
    return UUID(value)


def _natural(attributes: dict[str, Any], name: str) -> int | None:
    value = attributes.get(name)
    if value is not None and (type(value) is not int or value < 0):
        msg = f"{name} must be a number, 0 or more"
        raise BadLine(msg)
    return value


def _version(attributes: dict[str, Any]) -> int | None:
    version = _natural(attributes, "streamversion")
    if version == 0:
        msg = "streamversion must be 1 or more: a stream's first event has version 1"
        raise BadLine(msg)
    return version


def _time(attributes: dict[str, Any], name: str) -> datetime | None:
    value = attributes.get(name)
    if value is None:
        return None
    try:
        return rfc3339(value)
    except TypeError:
        msg = f"{name} must be a text"
        raise BadLine(msg) from None
    except ValueError as error:
        msg = f"{name} {error}"
        raise BadLine(msg) from None


def _mentioned_commit(line: bytes) -> UUID | None:
    """The commit that a bad line names, found in the bytes because there may be nothing better."""
    match = _COMMIT_ID.search(line)
    return UUID(match[1].decode()) if match else None

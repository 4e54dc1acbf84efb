"""The Teddy domain's types as they are on the wire: a name, a number or a field that was released never changes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.events import EventMetadata, Position, RecordedEvent
from teddy_es.domain.types import registry
from tests.golden.vectors import lines

if TYPE_CHECKING:
    from eventstore.registry import EventType

VECTORS = lines("event_types.jsonl")
STREAM_TYPES = [v for v in VECTORS if "number" in v]
EVENT_TYPES = [v for v in VECTORS if "event_type" in v]
STORED = lines("stored_events.jsonl")


def golden(known: EventType) -> dict[str, Any]:
    """A type as it is today, as its golden line says it."""
    return {
        "event_type": known.name,
        "schema": known.schema,
        "stream_type": known.stream_type,
        "subject": known.subject,
        "sensitive": sorted(known.sensitive),
        "json_schema": digest(known.name),
    }


def digest(name: str) -> str:
    """SHA-256 of an event type's JSON Schema; descriptions and titles may change, so they are left out."""
    schemas = registry.json_schema()
    closed = _with_definitions(schemas["events"][name], schemas["$defs"])
    text = json.dumps(closed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("vector", STREAM_TYPES, ids=lambda v: v["stream_type"])
def test_a_stream_type_has_the_number_it_was_given(vector: dict[str, Any]) -> None:
    assert registry.stream_types[vector["stream_type"]].number == vector["number"], (
        "The number is part of every position in PostgreSQL: put it back."
    )


@pytest.mark.parametrize(
    "vector", EVENT_TYPES, ids=lambda v: f"{v['event_type']}/{v['schema']}"
)
def test_an_event_type_is_as_it_was_released(vector: dict[str, Any]) -> None:
    known = {t.name: t for t in registry.event_types()}[vector["event_type"]]
    if known.schema > vector["schema"]:
        later = {(v["event_type"], v["schema"]) for v in EVENT_TYPES}
        assert (known.name, known.schema) in later
        return

    assert golden(known) == vector, (
        "Logs hold events of this type as it was. Put it back, or give the changed one the next schema number"
        " and a line of its own in tests/golden/event_types.jsonl."
    )


def test_every_type_has_a_golden_line() -> None:
    streams = {v["stream_type"] for v in STREAM_TYPES}
    events = {(v["event_type"], v["schema"]) for v in EVENT_TYPES}

    assert set(registry.stream_types) == streams
    lacking = [t for t in registry.event_types() if (t.name, t.schema) not in events]
    assert not lacking, "Add to tests/golden/event_types.jsonl:\n" + "\n".join(
        json.dumps(golden(known)) for known in lacking
    )


def _with_definitions(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with what it refers to written in place, and without prose."""
    if isinstance(schema, list):
        return [_with_definitions(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return _with_definitions(definitions[name], definitions)
    return {
        key: _with_definitions(part, definitions)
        for key, part in schema.items()
        if key not in {"title", "description"} or isinstance(part, dict)
    }


@pytest.mark.parametrize(
    "stored", STORED, ids=lambda v: f"{v['event_type']}/{v['schema']}"
)
def test_an_event_that_was_ever_written_is_read_today(stored: dict[str, Any]) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    stream_type, name = stored["stream_type"], stored["event_type"]
    metadata = EventMetadata(UUID(int=1), f"{stream_type}.x", name, 1, at, None, None)
    position = Position(f"eventstore.{stream_type}", 0, 0)
    event = RecordedEvent(
        metadata, stored["data"], stored["schema"], position, at, UUID(int=2)
    )

    read = registry.event_of(event)

    assert registry.type_of(read).name == name


def test_every_schema_that_was_ever_written_has_a_stored_event() -> None:
    stored = {(v["event_type"], v["schema"]) for v in STORED}

    known = {
        (t.name, schema)
        for t in registry.event_types()
        for schema in range(1, t.schema + 1)
    }

    assert stored == known, (
        f"tests/golden/stored_events.jsonl lacks {sorted(known - stored)}: add an event of each as the log holds it. Of"
        f" {sorted(stored - known)} there are events in logs, and no type reads them any more: put it back."
    )


def test_the_domains_upcasters_have_no_gaps() -> None:
    assert registry.problems == []

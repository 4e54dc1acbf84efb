"""One event as the real-time stream has it: a CloudEvent without whatever could be somebody's secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.events import MAX_COMMIT_BYTES
from eventstore.exchange.envelope import JSON_DATA, encode, envelope_of, with_box
from eventstore.publishing.openness import openness
from eventstore.registry import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.events import RecordedEvent
    from eventstore.registry import EventType, Registry

CONTENT_TYPE: Final = b"application/cloudevents+json; charset=UTF-8"
"""What a record's header `content-type` says: structured mode, by the CloudEvents binding for Kafka."""


def published(recorded: RecordedEvent, types: Registry, *, source: str) -> bytes:
    """The record's value, at most 1,000,000 bytes for a source of some hundred.

    Its data are the open fields as today's class has them, and what is sealed rides along in its box, where there is room. There are no data, and
    `problem` says why, where nobody can tell what of them is open, or where they are too many: such an event is told all the same.
    """
    known = types.event_type_named(recorded.metadata.event_type)
    problem = recorded.problem
    if known is None or problem is not None:
        return encode(envelope_of(recorded, source, problem=problem))
    told: dict[str, Any] = {"withheld": ",".join(openness(known).withheld) or None}
    opened = _open_data(recorded, known, types)
    if isinstance(opened, Problem):
        told["problem"] = opened
    else:
        told |= {"data": opened, "datacontenttype": JSON_DATA, "schema": known.schema}
    envelope = envelope_of(recorded, source, **told)
    if recorded.sealed is not None:
        value = encode(with_box(envelope, recorded.sealed))
        if len(value) <= MAX_COMMIT_BYTES:
            return value
    value = encode(envelope)
    if len(value) <= MAX_COMMIT_BYTES:
        return value
    told = {"withheld": told["withheld"], "problem": Problem.TOO_LARGE}
    return encode(envelope_of(recorded, source, **told))


def _open_data(
    recorded: RecordedEvent, known: EventType, types: Registry
) -> Mapping[str, Any] | Problem:
    """The open fields, or why there are none."""
    opened, is_old = openness(known), recorded.schema != known.schema
    if recorded.sealed is not None and is_old:
        return (
            Problem.SEALED_EARLIER
        )  # what lies sealed the upcasters would have to see
    if recorded.sealed is not None:
        clear = recorded.data
        return clear if opened.fits(clear) else Problem.ILL_TYPED
    if is_old:
        return opened.of(msgspec.to_builtins(types.event_of(recorded)))
    return opened.of(recorded.data)

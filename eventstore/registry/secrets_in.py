"""What of an event is sealed, by its type; of an earlier schema by what its upcasters make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from eventstore.protocol.repeats import is_same_json
from eventstore.registry.event_type import Secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.registry.event_type import EventType
    from eventstore.registry.upcasters import Upcasters


def secrets_in(
    known: EventType,
    upcasters: Upcasters,
    stream_id: str,
    schema: int,
    data: Mapping[str, Any],
) -> Secrets | None:
    """See `Registry.secrets_of`.

    Of an earlier schema stays clear only what today's class has as an open field, with the same value: whatever the upcasters rename or
    take apart may hold a person's words.
    """
    if not known.sensitive:
        return None
    names, today = known.sensitive.intersection(data), data
    if schema != known.schema:
        raised = upcasters.raised(known.name, data, schema, known.schema)
        today = msgspec.to_builtins(msgspec.convert(raised, known.struct))
        names = frozenset(
            name
            for name, value in data.items()
            if name in known.sensitive
            or name not in today
            or not is_same_json(value, today[name])
        )
    if not names:
        return None
    subject = known.subject_of(stream_id, today) or ""
    return Secrets(subject, known.retention, names)

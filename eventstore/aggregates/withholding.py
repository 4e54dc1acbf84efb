"""An event as `apply` gets it where nobody has handed in the right to open what is sealed: while it is recorded, too.

So the state is the same whether it was made by the command that decided, or by a load: what `apply` took from a sensitive field
would else stand in caches and snapshots, in the clear.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from eventstore.events import SEALED_AWAY
from eventstore.registry.sensitivity import sensitive_fields

if TYPE_CHECKING:
    from msgspec.structs import FieldInfo


def withhold(event: msgspec.Struct) -> None:
    """Put `Withheld` in the place of each sensitive field, if any of them is written; the event is the caller's own copy."""
    fields = _sensitive(type(event))
    if any(_is_written(event, field) for field in fields):
        for field in fields:
            msgspec.structs.force_setattr(event, field.name, SEALED_AWAY)


def _is_written(event: msgspec.Struct, field: FieldInfo) -> bool:
    """Whether the log has a value of it: what is absent, None by default, is left out."""
    value = getattr(event, field.name)
    return value is not msgspec.UNSET and not (value is None and field.default is None)


@lru_cache(maxsize=1_000)
def _sensitive(kind: type[Any]) -> tuple[FieldInfo, ...]:
    if not issubclass(kind, msgspec.Struct):
        return ()  # no event: it is refused when it is saved
    names = sensitive_fields(kind)
    return tuple(f for f in msgspec.structs.fields(kind) if f.encode_name in names)

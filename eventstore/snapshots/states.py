"""From a state to the bytes of a snapshot and back; a state that does not come back as it was is refused, with its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.errors import StateNotStorable, StateWithheld
from eventstore.events import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STATE_BYTES: Final = 64 * 1024


def encoded(name: str, state: msgspec.Struct) -> bytes:
    """The state as JSON. name: of its aggregate, for the message.

    Raises `StateWithheld` where something of it was withheld; `StateNotStorable`, which names the field but quotes no value: above 64 KiB, of a type that JSON does not
    have, of another type than the field says, or one that JSON would bring back as another.
    """
    try:
        value = msgspec.json.encode(state)
    except (TypeError, ValueError, RecursionError) as error:
        path, kind = _not_encodable(state)
        if kind == Withheld.__name__:
            msg = "what stands there was withheld when it was made"
            raise StateWithheld(name, msg, path) from None
        reason = f"a {kind} cannot be written as JSON"
        raise StateNotStorable(name, path, reason) from error
    if len(value) > MAX_STATE_BYTES:
        path, size = _largest(state)
        reason = f"it takes {size} of {len(value)} bytes, {MAX_STATE_BYTES} are allowed"
        raise StateNotStorable(name, path, reason)
    _refuse_another(name, state, value)
    return value


def decoded(value: bytes, state_type: type[msgspec.Struct]) -> msgspec.Struct:
    """The state in the bytes. Raises `msgspec.DecodeError` for what is none of that type."""
    return msgspec.json.decode(value, type=state_type)


def says_the_same(
    first: bytes, second: bytes, state_type: type[msgspec.Struct]
) -> bool:
    """Whether both are the same state; as states, for a set has no order. What is no state is the same as none."""
    try:
        return decoded(first, state_type) == decoded(second, state_type)
    except msgspec.DecodeError:
        return False


def _refuse_another(name: str, state: msgspec.Struct, value: bytes) -> None:
    """Hold what a load would get against what was written: a snapshot must not say another thing than a replay."""
    try:
        back = decoded(value, type(state))
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        if reason.startswith(("Invalid enum value", "Invalid value")):  # quoted
            reason = "it is none of the listed values"
        path = path.rstrip("`") or "$"
        raise StateNotStorable(name, path, reason.rstrip(".")) from None
    if back == state:
        return
    for field in state.__struct_fields__:
        if getattr(back, field) != getattr(state, field):
            path = f"$.{field}"
            raise StateNotStorable(name, path, "JSON brings it back as something else")
    raise StateNotStorable(name, "$", "it is not equal to itself once it was written")


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value consists of, with the path to each part; keys of dictionaries are left out, they may be names."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield f".{field}", getattr(value, field)
    elif isinstance(value, dict):
        for part in value.values():
            yield "[...]", part
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield "[...]", part


def _not_encodable(value: Any, path: str = "$") -> tuple[str, str]:
    """The innermost part that cannot be encoded: its path and the name of its type."""
    for step, part in _parts(value):
        try:
            msgspec.json.encode(part)
        except RecursionError:
            return path + step, "structure without end"
        except (TypeError, ValueError):
            return _not_encodable(part, path + step)
    return path, type(value).__name__


def _largest(state: msgspec.Struct) -> tuple[str, int]:
    """The largest field, or the innermost part of it that alone takes more than half of what is allowed; with its size."""
    path, value, size = "$", state, 0
    while parts := list(_parts(value)):
        step, part = max(parts, key=lambda one: _size(one[1]))
        if path != "$" and _size(part) <= MAX_STATE_BYTES // 2:
            break
        path, value, size = path + step, part, _size(part)
    return path, size


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))

"""Where in a value JSON ends: the path to the first part that a record cannot hold, or would hold as another. Quotes no value.

For messages: whether something is refused is for the encoders and the grammar to say. Names within free objects may be
persons', so only the fields of classes are named.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import msgspec

from eventstore.protocol.strict_json import MAX_DEPTH, MAX_INTEGER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_DATA_DEPTH: Final = 4  # within the record's object, its list of events, and the event
_TOO_DEEP: Final = (
    f"nested deeper than the {MAX_DEPTH} levels of a record, or without end"
)


def unfit(
    data: Any, names: Collection[str] = (), path: str = "$", depth: int = _DATA_DEPTH
) -> str | None:
    """Where and why data of builtins is not what the grammar takes; None if all of it is. names: that may be told."""
    if isinstance(data, dict | list | tuple):
        if depth > MAX_DEPTH:
            return f"{path}: it is {_TOO_DEEP}"
        for name in data if isinstance(data, dict) else ():
            if problem := _unfit_name(name):
                return f"{path}: {problem}"
        inner = (
            unfit(part, (), path + step, depth + 1)
            for step, part in _parts(data, names)
        )
        return next((problem for problem in inner if problem), None)
    problem = _unfit_value(data)
    return f"{path}: {problem}" if problem else None


def unencodable(value: Any, names: Collection[str] = (), path: str = "$") -> str:
    """Where in what was given the first part stands that has no form in JSON."""
    for step, part in _parts(value, names):
        try:
            msgspec.to_builtins(part)
        except RecursionError:
            return f"{path}{step}: it is {_TOO_DEEP}"
        except Exception:  # noqa: BLE001  (anybody's object says in any way that it cannot be written)
            return unencodable(part, (), path + step)
    return f"{path}: a {type(value).__name__} has no form in JSON"


def changed(value: Any, back: Any, path: str = "$") -> str | None:
    """Where and as what a part would be read that was given as another; None where nothing but tuples became lists."""
    if isinstance(value, tuple | list) and isinstance(back, tuple | list):
        is_alike = len(value) == len(back)
    elif isinstance(value, dict) and isinstance(back, dict):
        is_alike = list(value) == list(back)
    elif isinstance(value, msgspec.Struct) and type(value) is type(back):
        is_alike = True
    else:
        kinds = type(value).__name__, type(back).__name__
        told = f"{path}: a {kinds[0]} would be read as a {kinds[1]}"
        return None if value == back else told
    if not is_alike:
        return f"{path}: it would be read as another"
    pairs = zip(_parts(value), _parts(back), strict=True)
    inner = (changed(ours, theirs, path + step) for (step, ours), (_, theirs) in pairs)
    return next((first_path for first_path in inner if first_path), None)


def _parts(value: Any, names: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """What a value consists of, each with its step of the path."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield f".{field}", getattr(value, field)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield f".{name}" if name in names else "[...]", part
    elif isinstance(value, list | tuple | set | frozenset):
        for index, part in enumerate(value):
            yield f"[{index}]", part


def _unfit_name(name: Any) -> str | None:
    if not isinstance(name, str):
        return f"a name in it is a {type(name).__name__}, not a text"
    problem = _unfit_value(name)
    return f"a name in it: {problem}" if problem else None


def _unfit_value(value: Any) -> str | None:
    if isinstance(value, str):
        return _unfit_text(value)
    if isinstance(value, float):
        return None if isfinite(value) else "JSON has no infinite numbers and no NaN"
    if isinstance(value, int):
        is_fine = abs(value) <= MAX_INTEGER
        return None if is_fine else "an integer of a record lies within ±2^53"
    if value is None:
        return None
    return f"a {type(value).__name__} has no form in JSON"


def _unfit_text(value: str) -> str | None:
    if "\x00" in value:
        return "a text of a record holds no NUL"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "half a surrogate pair is no text"
    return None

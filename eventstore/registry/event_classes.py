"""What the classes of events and states may be: what they hold has to stand in the log, by names and values of its own.

A default that is left out there is whatever the class says tomorrow: changing it would rewrite the past. So only what is
absent, None, is left out; every other default is written with the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from eventstore.errors import InvalidEvent
from eventstore.protocol.json_values import changed, unencodable, unfit
from eventstore.registry.nodes import nodes_of
from eventstore.registry.wording import without_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec.structs import FieldInfo

    from eventstore.events import Sealed


class Written(Protocol):
    """An event as a record holds it: what a registry reads."""

    @property
    def type(self) -> str: ...
    @property
    def schema(self) -> int: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def sealed(self) -> Sealed | None: ...


class Known(Protocol):
    """A registered type, as far as its events are judged by it."""

    @property
    def name(self) -> str: ...
    @property
    def struct(self) -> type[msgspec.Struct]: ...
    @property
    def kept(self) -> tuple[str, ...]: ...
    @property
    def is_free(self) -> bool: ...


def refuse_unfit(what: str, struct: type[msgspec.Struct]) -> None:
    """Raise ValueError for a class whose objects the log could not hold, or not for good. what: it is, for the message."""
    if struct.__struct_config__.array_like:
        msg = f"{what}: it is array_like, and an event's data is an object with names: leave array_like out"
        raise ValueError(msg)
    refuse_names(what, struct)
    for inner in structs_within(struct):
        if inner is not struct and (omitted := left_out(inner)):
            msg = (
                f"{what}: {inner.__name__}, which it holds, leaves out its default of {omitted[0]} (omit_defaults), so that the"
                " log would not have it and a later default would rewrite the past: take omit_defaults from"
                f" {inner.__name__}, or make the default None"
            )
            raise ValueError(msg)


def refuse_unfit_state(what: str, struct: type[msgspec.Struct]) -> None:
    """Raise ValueError for a class of states whose snapshots would say another thing under a later default."""
    refuse_names(what, struct)
    for inner in structs_within(struct):
        if omitted := left_out(inner):
            msg = (
                f"{what}: {inner.__name__} leaves out its default of {omitted[0]} (omit_defaults), so that a snapshot would say"
                " another thing when the default is another: take omit_defaults from it"
            )
            raise ValueError(msg)


def refuse_names(what: str, struct: type[msgspec.Struct]) -> None:
    """Raise ValueError for a field whose name is Python's own, as `__hash__`: its value would be taken for a method."""
    for name in struct.__struct_fields__:
        if name.startswith("__"):
            msg = f"{what}: its field {name} has one of Python's own names: take another, without two underscores at its beginning"
            raise ValueError(msg)


def left_out(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields, as they are named on the wire, that msgspec leaves out though their defaults are values."""
    if not struct.__struct_config__.omit_defaults:
        return ()
    return tuple(
        field.encode_name
        for field in msgspec.structs.fields(struct)
        if _has_value(field)
    )


def admitted(known: Known, data: Any) -> dict[str, Any]:
    """The data of an event as its class writes it, if it is one: absent fields left out, other defaults written.

    data: its fields, or an object of the class. Raises `InvalidEvent`, with the path to the field, for what does not fit, what JSON has
    no form for, and what would be read as something else than was given. Quotes no value.
    """
    original = data
    try:
        is_object = isinstance(data, msgspec.Struct)
        fields = msgspec.to_builtins(data) if is_object else data
        original = event = msgspec.convert(fields, known.struct)
        full = _written_in_full(event, known.kept)
        if known.is_free:
            back = event if is_object else msgspec.convert(full, known.struct)
            _refuse_changed(known, data if is_object else event, back, full)
    except msgspec.ValidationError as error:
        msg = f"{known.name}: {without_value(str(error))}"
        raise InvalidEvent(msg) from None
    except InvalidEvent:
        raise
    except Exception:  # noqa: BLE001  (what is given may be anything, and do anything; its text may quote)
        msg = f"{known.name}: {unencodable(original, known.struct.__struct_encode_fields__)}"
        raise InvalidEvent(msg) from None
    return full


def _refuse_changed(
    known: Known, original: Any, back: Any, full: dict[str, Any]
) -> None:
    names = known.struct.__struct_encode_fields__
    if original != back and (problem := unfit(full, names) or changed(original, back)):
        msg = f"{known.name}: {problem}"
        raise InvalidEvent(msg)


def _written_in_full(event: msgspec.Struct, kept: tuple[str, ...]) -> dict[str, Any]:
    """In the order of the fields, with the defaults that `left_out` named."""
    data: dict[str, Any] = msgspec.to_builtins(event)
    if not kept:
        return data
    names = dict(
        zip(event.__struct_encode_fields__, event.__struct_fields__, strict=True)
    )
    full = {name: value for name, value in data.items() if name not in names}  # a tag
    for wire, name in names.items():
        if wire in data:
            full[wire] = data[wire]
        elif wire in kept:
            full[wire] = msgspec.to_builtins(getattr(event, name))
    return full


def is_free(struct: type[msgspec.Struct]) -> bool:
    """Whether a field takes values of any type, which JSON may bring back as others."""
    free = (
        msgspec.inspect.AnyType | msgspec.inspect.CustomType | msgspec.inspect.RawType
    )
    return any(isinstance(node, free) for node in nodes_of(struct))


def structs_within(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The class itself and all that its fields hold, however deep."""
    known = [
        n.cls for n in nodes_of(struct) if isinstance(n, msgspec.inspect.StructType)
    ]
    return list(dict.fromkeys(known))


def _has_value(field: FieldInfo) -> bool:
    absent = (msgspec.NODEFAULT, msgspec.UNSET, None)
    if field.default_factory is not msgspec.NODEFAULT:
        return True
    return not any(field.default is one for one in absent)

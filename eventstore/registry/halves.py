"""An event of which only the clear half is there: what stands in the place of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from eventstore.registry.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.events import Withheld


class Half:
    """Of one class: its open fields. The others are marked."""

    __slots__ = ("_hidden", "_open", "_struct", "clear")

    def __init__(
        self, name: str, struct: type[msgspec.Struct], sensitive: frozenset[str]
    ) -> None:
        fields = msgspec.structs.fields(struct)
        shown = [field for field in fields if field.encode_name not in sensitive]
        self._struct = struct
        self._open = tuple(field.name for field in shown)
        self._hidden = tuple(f.name for f in fields if f.encode_name in sensitive)
        self.clear = _class_of(name, struct, shown)

    def event(self, clear: Mapping[str, Any], mark: Withheld) -> Any:
        """An event of the class, with the mark in each sensitive field; or the `Problem` with it."""
        try:
            half = msgspec.convert(clear, self.clear)
        except msgspec.ValidationError:
            return Problem.ILL_TYPED
        fields = {name: getattr(half, name) for name in self._open}
        fields.update(dict.fromkeys(self._hidden, mark))
        try:
            return self._struct(**fields)
        except Exception:  # noqa: BLE001  (of the class: what it asks of its fields the mark does not have)
            return Problem.SEALED

    def fits(self, clear: Mapping[str, Any]) -> bool:
        """Whether these are open fields, all that there must be, each of its type."""
        try:
            msgspec.convert(clear, self.clear)
        except msgspec.ValidationError:
            return False
        return True


class AskedForMore(LookupError):  # noqa: N818  (what it did)
    """An upcaster looked for a field that is not in the clear half; whether it lies in the sealed one nobody here knows."""


class ClearHalf(dict[str, Any]):
    """The clear fields, as an upcaster gets them: whoever looks for one that is not there is stopped, and told of.

    It could be sealed; "it is not there" would be an answer that nobody can give.
    """

    asked = False

    def _refuse(self) -> NoReturn:
        self.asked = True
        raise AskedForMore

    def __missing__(self, name: str) -> NoReturn:
        self._refuse()

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._refuse()

    def __delitem__(self, name: str) -> None:
        if name in self:
            super().__delitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """See `dict`."""
        del default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        """See `dict`."""
        del default
        value = self[name]
        super().__delitem__(name)
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """See `dict`."""
        del default
        return self[name]


def _class_of(
    name: str,
    struct: type[msgspec.Struct],
    fields: list[msgspec.structs.FieldInfo],
) -> type[msgspec.Struct]:
    made = [(field.name, field.type, _declared(field)) for field in fields]
    config = struct.__struct_config__
    return msgspec.defstruct(
        name,
        made,
        kw_only=True,
        forbid_unknown_fields=True,
        tag=config.tag,
        tag_field=config.tag_field,
    )


def _declared(field: msgspec.structs.FieldInfo) -> Any:
    name = field.encode_name
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default_factory=field.default_factory)
    if field.default is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default=field.default)
    return msgspec.field(name=name)

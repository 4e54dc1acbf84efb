"""By which of a domain's events keys, erasures and holds are recorded: the classes are the domain's, their fields are fixed here.

Their streams are `{stream type}.{subject id}`, one for each person, and no field of them is sensitive: the proof that
somebody was forgotten outlives the forgetting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOLD: Final = "hold_id scope clause kind floor requested_by"
_FIELDS: Final[Mapping[str, str]] = {
    "minted": "key_id retention_class month commitment",
    "ordered": "why request requested_by approved_by keys",
    "destroyed": "key_id why request",
    "completed": "request keys events requested_by approved_by found",
    "placed": _HOLD,
    "lifted": f"{_HOLD} approved_by",
}


class Registered(Protocol):
    """What is asked of a class's registration."""

    @property
    def stream_type(self) -> str: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def sensitive(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyEvents:
    """The classes, each registered for `stream_type` and about nobody (`subject=None`).

    minted: a key was made. ordered: keys are to be destroyed, and no hold stood against it. destroyed: a key is gone.
    completed: an erasure is done. placed, lifted: a hold. The fields that each must have: docs/ERASURE.md.
    """

    stream_type: str
    minted: type[Any]
    ordered: type[Any]
    destroyed: type[Any]
    completed: type[Any]
    placed: type[Any]
    lifted: type[Any]

    def refuse_unfit(self, known: Mapping[type[Any], Registered]) -> None:
        """Raise ValueError for a class that is not registered as it must be, or lacks a field."""
        for name, struct in zip(_FIELDS, self.classes, strict=True):
            event_type = known.get(struct)
            if event_type is None or event_type.stream_type != self.stream_type:
                msg = f"privacy events: {struct.__name__} is not registered for {self.stream_type} streams"
                raise ValueError(msg)
            if event_type.subject is not None or event_type.sensitive:
                msg = f"privacy events: {struct.__name__} is about a person or seals a field: it outlives the erasure, register it with subject=None"
                raise ValueError(msg)
            lacking = set(_FIELDS[name].split()) - set(struct.__struct_fields__)
            if lacking:
                msg = f"privacy events: {struct.__name__} lacks {', '.join(sorted(lacking))}"
                raise ValueError(msg)

    @property
    def classes(self) -> tuple[type[Any], ...]:
        """All of them."""
        return tuple(getattr(self, name) for name in _FIELDS)

    def stream_of(self, subject: str) -> str:
        """The stream of a subject."""
        return f"{self.stream_type}.{subject}"

"""What a list may be narrowed by, as data. Values come from the address, checked by the view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these values, or any."""

    template: ClassVar = "audit/columns/choice.html"

    name: str
    id: str
    label: str
    chosen: str | None
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One of these values, each with how it is said, or any."""

    template: ClassVar = "audit/columns/labelled.html"

    name: str
    id: str
    label: str
    chosen: str | None
    values: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC."""

    template: ClassVar = "audit/columns/moment.html"

    name: str
    id: str
    label: str
    chosen: datetime | None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A UUID in full."""

    template: ClassVar = "audit/columns/identifier.html"

    name: str
    id: str
    label: str
    chosen: UUID | None


@dataclass(frozen=True, slots=True)
class Code:
    """A code of some other system, in full."""

    template: ClassVar = "audit/columns/code.html"

    name: str
    id: str
    label: str
    chosen: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; whose days the label says."""

    template: ClassVar = "audit/columns/day.html"

    name: str
    id: str
    label: str
    chosen: date | None


@dataclass(frozen=True, slots=True)
class Filters:
    """label: what the form is for. clear: the address without them, empty if nothing is narrowed. kept: what else stays in the address."""

    label: str
    fields: Sequence[Choice | Labelled | Moment | Identifier | Code | Day]
    clear: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)

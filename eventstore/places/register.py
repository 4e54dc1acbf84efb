"""What a place is, and how the register is read and refused."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STORE: Final = Path(__file__).with_name("store.toml")


class Kind(StrEnum):
    """What sort of place it is; the value is its section's name in the TOML."""

    TABLE = "table"
    TOPIC = "topic"
    FILE = "file"


class Holds(StrEnum):
    """The most that a part of a place may tell of a person."""

    NONE = "none"  # nothing of anybody
    PSEUDONYM = "pseudonym"  # an id that stands for a person, or what belongs to one id: times, codes, counts
    SEALED = "sealed"  # data of a person, readable with a key alone
    CLEAR = "clear"  # data of a person as it is; the reason says why that may be


class Reach(StrEnum):
    """How an erasure reaches what a place has of its subject."""

    KEYS = "keys"  # what is sealed there can never be opened again; the bytes stay
    STAYS = (
        "stays"  # nothing of it is sensitive; it stays as the proof of what was done
    )
    REMOVED = "removed"  # the erasure deletes the subject's rows
    REMADE = "remade"  # deleted, and made again from what remains
    TOLD = "told"  # its owner is told by the event of the erasure, and removes its own rows
    EXPIRES = "expires"  # goes by itself, within the period that the reason names
    OPERATOR = "operator"  # outside of the product's hands: the reason says what a person has to do


class UnknownPlace(LookupError):  # noqa: N818  (what it is)
    """Nothing of the register fits."""


class WrongRegister(ValueError):  # noqa: N818  (what it is)
    """The register says something that it cannot mean."""


@dataclass(frozen=True, slots=True)
class Part:
    """A column of a table; of a topic or a file the whole, then named ""."""

    name: str
    holds: Holds
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """A table, topics or files of one pattern. subject: how the parts about one subject are found; "" if it is about nobody.

    column: of a project's table, that with the id of the subject, by which its rows are counted.
    """

    kind: Kind
    name: str
    what: str
    parts: Mapping[str, Part]
    databases: Sequence[str] = ("default",)
    subject: str = ""
    reach: Reach | None = None
    by: Sequence[str] = ()
    column: str = ""

    @property
    def is_about_subjects(self) -> bool:
        """Whether an erasure has to reach it, or has to say why not."""
        return bool(self.subject)

    @property
    def holds(self) -> Holds:
        """The most that any of its parts holds."""
        order = list(Holds)
        return max((part.holds for part in self.parts.values()), key=order.index)


@dataclass(frozen=True, slots=True)
class Register:
    """All places there are."""

    places: Sequence[Place]

    def of_kind(self, kind: Kind) -> list[Place]:
        """Those of one kind, in their order."""
        return [place for place in self.places if place.kind is kind]

    def about_subjects(self) -> list[Place]:
        """What an erasure goes through: every kind of row, record and file that may be about its subject."""
        return [place for place in self.places if place.is_about_subjects]

    def table(self, name: str) -> Place:
        """Raises `UnknownPlace`."""
        return self._the(Kind.TABLE, name, lambda place: place.name == name)

    def topic(self, name: str) -> Place:
        """That whose pattern the name fits. Raises `UnknownPlace`."""
        return self._the(Kind.TOPIC, name, lambda place: fnmatchcase(name, place.name))

    def file(self, name: str) -> Place:
        """That whose pattern the path below a data directory fits. Raises `UnknownPlace`."""
        return self._the(Kind.FILE, name, lambda place: fnmatchcase(name, place.name))

    def _the(self, kind: Kind, name: str, fits: Any) -> Place:
        for place in self.of_kind(kind):
            if fits(place):
                return place
        msg = f"{kind} {name}"
        raise UnknownPlace(msg)


def read(paths: Sequence[Path] = ()) -> Register:
    """The store's own places, then those of the given files. Raises `WrongRegister`."""
    places = [
        place
        for path in (STORE, *paths)
        for place in _places(tomllib.loads(path.read_text("utf-8")))
    ]
    seen: set[tuple[Kind, str]] = set()
    for place in places:
        if (place.kind, place.name) in seen:
            _refuse(place.kind, place.name, "it stands there twice")
        seen.add((place.kind, place.name))
    return Register(places)


def _places(document: Mapping[str, Any]) -> Iterator[Place]:
    for section, entries in document.items():
        if section not in list(Kind):
            _refuse(section, "", f"there are {', '.join(Kind)}")
        for name, entry in entries.items():
            yield _place(Kind(section), name, dict(entry))


def _place(kind: Kind, name: str, entry: dict[str, Any]) -> Place:
    parts = {part.name: part for part in _parts(kind, name, entry)}
    reach = entry.pop("reach", None)
    place = Place(
        kind,
        name,
        what=entry.pop("what", ""),
        parts=parts,
        databases=tuple(entry.pop("databases", ("default",))),
        subject=entry.pop("subject", ""),
        reach=None if reach is None else Reach(reach),
        by=tuple(entry.pop("by", ())),
        column=entry.pop("column", ""),
    )
    if entry:
        _refuse(kind, name, f"nobody knows {', '.join(entry)}")
    _refuse_unsound(place)
    return place


def _parts(kind: Kind, name: str, entry: dict[str, Any]) -> Iterator[Part]:
    """`holds` and `reason` of a topic or a file; of a table a section for each of `Holds`, column → reason."""
    if kind is not Kind.TABLE:
        yield Part("", Holds(entry.pop("holds")), entry.pop("reason", ""))
        return
    seen: set[str] = set()
    for holds in Holds:
        for column, reason in entry.pop(str(holds), {}).items():
            if column in seen:
                _refuse(kind, name, f"{column} stands there twice")
            seen.add(column)
            yield Part(column, holds, reason)


def _refuse_unsound(place: Place) -> None:
    if not place.parts or not place.what:
        _refuse(place.kind, place.name, "it says not what it is, or has no column")
    if place.is_about_subjects != (place.reach is not None):
        _refuse(place.kind, place.name, "`subject` and `reach` go together")
    if place.holds is Holds.SEALED and not place.is_about_subjects:
        _refuse(place.kind, place.name, "what is sealed is about a subject")
    if place.column and not (place.is_about_subjects and place.column in place.parts):
        _refuse(place.kind, place.name, "`column` is one of its own, of a subject")
    for part in place.parts.values():
        if part.holds is not Holds.NONE and not part.reason:
            _refuse(place.kind, place.name, f"{part.name} has no reason")


def _refuse(kind: str, name: str, why: str) -> None:
    msg = f"The register of places, {kind} {name}: {why}."
    raise WrongRegister(msg)

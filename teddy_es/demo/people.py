"""The families of the town: made-up people, of whom nobody is alike by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_FAMILIES: Final = (
    *("Abara", "Bauer", "Castillo", "Dubois", "Eriksen", "Farouk", "Gruber", "Hoshino"),
    *("Ivanova", "Jansen", "Kaya", "Lindqvist", "Moreau", "Nakamura", "Okafor"),
    *("Petrov", "Quint", "Rossi", "Sørensen", "Tanaka", "Ueda", "Vogel", "Wójcik"),
)
_PARENTS: Final = (
    *("Amina", "Björn", "Carla", "Dmitri", "Élise", "Farid", "Grace", "Hanna"),
    *("Igor", "Julia", "Kenji", "Leïla", "Marta", "Niko", "Olga", "Pál"),
)
_CHILDREN: Final = (
    *(
        "Ada",
        "Ben",
        "Çağla",
        "Dario",
        "Emil",
        "Fatou",
        "Greta",
        "Hugo",
        "Ines",
        "Jonas",
    ),
    *("Kira", "Luis", "Mia", "Noor", "Oskar", "Priya", "Romy", "Sami", "Tess", "晴"),
)
_LANGUAGES: Final = ("en", "en", "en", "de", "fr", "es", "pt-BR")
_BORN: Final = date(2017, 1, 1), date(2022, 1, 1)


@dataclass(frozen=True, slots=True)
class Kid:
    """A child."""

    child_id: str
    name: str
    born: date
    language: str


@dataclass(frozen=True, slots=True)
class Family:
    """A parent and its children."""

    parent_id: str
    name: str
    email: str
    kids: tuple[Kid, ...]


def families(rng: Random, mark: str, count: int) -> Iterator[Family]:
    """So many, each with one child to three."""
    for number in range(count):
        family = rng.choice(_FAMILIES)
        first = rng.choice(_PARENTS)
        language = rng.choice(_LANGUAGES)
        names = rng.sample(_CHILDREN, rng.choice((1, 1, 1, 2, 2, 3)))
        kids = tuple(
            Kid(
                own_id(mark, "child", number, nth),
                name,
                _born(rng),
                language,
            )
            for nth, name in enumerate(names)
        )
        email = f"parent{number + 1}@example.org"
        yield Family(own_id(mark, "parent", number), f"{first} {family}", email, kids)


def _born(rng: Random) -> date:
    first, behind = _BORN
    return first + timedelta(days=rng.randrange((behind - first).days))


def own_id(mark: str, kind: str, *numbers: object) -> str:
    """An id that says nothing of anybody."""
    named = "/".join([mark, kind, *map(str, numbers)])
    return f"{kind}-{blake2b(named.encode(), digest_size=6).hexdigest()}"

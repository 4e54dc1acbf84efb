"""Which of the dataset's conversations are told: short enough to read, some with words that a filter stops at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teddy_es.demo.chats import lines_of
from teddy_es.demo.talks import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from teddy_es.demo.chats import Line
    from teddy_es.demo.talks import Conversation
    from teddy_es.domain.violations import Category

_LEAST, _MOST = 8, 60  # messages
_PATTERNS: Final[dict[Category, str]] = {
    "violence": r"\b(kill(ed)?|gun|shoot|fight)\b",
    "stranger_contact": r"\b(meet up|meet you|where do you live|come over)\b",
    "personal_information": r"\b(my address|phone number|my last name|i live in|my school)\b",
    "bullying": r"\b(hate you|you.re stupid|you are stupid|idiot|loser|shut up|mean to)\b",
    "dangerous_activity": r"\b(drunk|drugs?|on fire|knife)\b",
    "inappropriate_language": r"\b(damn|hell|crap)\b",
}
_COMPILED: Final[dict[Category, re.Pattern[str]]] = {
    category: re.compile(pattern, re.IGNORECASE)
    for category, pattern in _PATTERNS.items()
}


@dataclass(frozen=True, slots=True)
class Pick:
    """A conversation. category, number: what was found first in it, and in which message."""

    lines: Sequence[Line]
    category: Category | None = None
    number: int = 0


class Picks:
    """Hands out conversations, each once. Raises `DatasetMissing`."""

    def __init__(self, rng: Random) -> None:
        fitting = [
            one for one in conversations() if _LEAST <= len(one.utterances) <= _MOST
        ]
        rng.shuffle(fitting)
        self._found = _in_turns(fitting)
        self._plain = (
            Pick(lines_of(one)) for one in fitting if _first_found(one) is None
        )

    def found(self) -> Pick:
        """One with words that a filter stops at, of another category each time."""
        return next(self._found)

    def plain(self) -> Pick:
        """One without."""
        return next(self._plain)


def _first_found(conversation: Conversation) -> tuple[Category, int] | None:
    for number, said in enumerate(conversation.utterances):
        for category, pattern in _COMPILED.items():
            if number > 2 and pattern.search(said["text"]):
                return category, number
    return None


def _in_turns(fitting: Sequence[Conversation]) -> Iterator[Pick]:
    """The categories one after the other, for as long as each has any."""
    piles: dict[Category, list[Pick]] = {category: [] for category in _COMPILED}
    for one in fitting:
        if found := _first_found(one):
            category, number = found
            piles[category].append(Pick(lines_of(one), category, number))
    while any(piles.values()):
        for pile in piles.values():
            if pile:
                yield pile.pop()

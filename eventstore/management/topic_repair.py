"""Puts settings of topics right, after saying what they are and what they become."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from eventstore.ports import FEED_PREFIX, Repairable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from eventstore.ports import Log


@dataclass(frozen=True, slots=True)
class Repair:
    """What is to be set on one topic: name → (what it is, what it becomes)."""

    topic: str
    settings: Mapping[str, tuple[str | None, str]]

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"{self.topic}: {name} is {now}, becomes {wanted}"
            for name, (now, wanted) in self.settings.items()
        ]


def repairs(log: Log, names: Iterable[str]) -> list[Repair]:
    """Of the topics that are there. Raises `LogUnanswered`."""
    known = log.topics(list(names))
    return [
        Repair(name, topic.wrong_settings)
        for name, topic in sorted(known.items())
        if topic.wrong_settings
    ]


def repair(log: Log, wrong_settings: Iterable[Repair]) -> None:
    """Set them, topic by topic. Raises `LogUnanswered`: those before it are done, and a repetition does the rest."""
    for one in wrong_settings:
        if isinstance(log, Repairable):
            settings = {name: wanted for name, (_, wanted) in one.settings.items()}
            log.alter(one.topic, settings)


def confirm(wrong_settings: Sequence[Repair], say: Callable[[str], object]) -> None:
    """Show what would be done and ask. Raises `CommandError` for anything but yes."""
    for one in wrong_settings:
        for line in one.lines():
            say(line)
    if not sys.stdin.isatty():
        msg = "This changes settings and nobody is here to be asked: add --yes."
        raise CommandError(msg)
    if any(one.topic.startswith(FEED_PREFIX) for one in wrong_settings):
        say("events.* keep what their retention says, and lose what is older.")
    if input("No other record is touched. Type yes: ").strip() != "yes":
        msg = "Nothing was changed."
        raise CommandError(msg)

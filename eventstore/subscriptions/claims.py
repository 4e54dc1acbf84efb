"""What the rooms above say before a subscription is reset or forgotten: whose rows go with its checkpoint, who follows.

They enter their rules when Django is ready (`EventStoreConfig.ready`); this room knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

Rule = Callable[[str], None]
"""Raises if it may not be done to the subscription of this name."""


class Act(StrEnum):
    """What moves a checkpoint, or takes it away, without the handler's rows."""

    RESET = "reset"
    FORGET = "forget"


_RULES: Final[dict[Act, list[Rule]]] = {act: [] for act in Act}


def enter(rule: Rule, *acts: Act) -> None:
    """Have it asked before these. Again does no harm."""
    for act in acts:
        if rule not in _RULES[act]:
            _RULES[act].append(rule)


def ask(act: Act, name: str) -> None:
    """Raises what a rule raises, and RuntimeError where none was entered: nobody could say no then."""
    if not _RULES[act]:
        msg = f"Nobody has said whose subscriptions may be had {act}: is 'eventstore' in INSTALLED_APPS?"
        raise RuntimeError(msg)
    for rule in _RULES[act]:
        rule(name)

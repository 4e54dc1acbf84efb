"""Who may do what in the console, decided here and nowhere else. A page names one of these; the site asks.

Until roles exist three kinds of account are told apart: staff, staff with one permission, superusers (audit.W001).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User

    Somebody = User | AnonymousUser

OPERATE: Final = "eventstore.change_subscription"  # Django makes it with the table


class Capability(StrEnum):
    """What an account may be allowed. A template asks by these words: `{% if viewer|may:"operate" %}`."""

    ENTER = "enter"
    """The console, and figures that say nothing of anybody."""
    SEE_PAYLOADS = "see_payloads"
    """What persons did or said."""
    OPERATE = "operate"
    """Have subscriptions do something."""
    MANAGE_ACCOUNTS = "manage_accounts"
    """Make accounts and say what they may do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which account has a capability, and what the others are told: why not, and what to do instead."""

    has: Callable[[Somebody], bool]
    sentence: str
    instead: str


def may(user: Somebody, capability: Capability) -> bool:
    """Default deny; OPERATE asks the database for those who are no superusers."""
    return bool(user.is_active and RULES[capability].has(user))


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom a page is made, and when. zone: by whose clocks times stand beside UTC."""

    user: Somebody
    now: datetime
    zone: tzinfo = UTC

    def may(self, capability: Capability) -> bool:
        """See `may`."""
        return may(self.user, capability)


def _is_staff(user: Somebody) -> bool:
    return bool(user.is_staff)


def _is_superuser(user: Somebody) -> bool:
    return bool(user.is_superuser)


def _has_permission(user: Somebody) -> bool:
    return user.has_perm(OPERATE)


RULES: Final[Mapping[Capability, Rule]] = {
    # who may not even enter gets the login instead of a page
    Capability.ENTER: Rule(
        _is_staff,
        "Your account may not enter the console.",
        "Log in with another one.",
    ),
    Capability.SEE_PAYLOADS: Rule(
        _is_superuser,
        "This page shows what persons did or said, and your account may not see that.",
        "Until roles exist, only superusers may. Ask one of them for what you need to know.",
    ),
    Capability.OPERATE: Rule(
        _has_permission,
        "Your account may not act on subscriptions.",
        f"You need the permission {OPERATE}, which a superuser can give you.",
    ),
    Capability.MANAGE_ACCOUNTS: Rule(
        _is_superuser,
        "These pages are for superusers.",
        "Ask one of them for what you need.",
    ),
}

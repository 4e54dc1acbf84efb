"""Who may do what in the console, decided here and nowhere else. A page names a capability; the site asks.

What persons did and said is shown to those alone whose role gives it (`audit.roles`), superusers no more than others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from django.contrib.auth.models import User

from audit.purpose import purpose_of
from audit.zones import zone_of
from eventstore.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

    from audit.purpose import Purpose

    Somebody = User | AnonymousUser

_APP: Final = "audit"  # whose permissions these are
OFFICER: Final = "officer-"  # before the account's number
_KNOWN: Final = "_standing"  # on the user of one request


class Capability(StrEnum):
    """What an account may be allowed. A template asks by these words: `{% if viewer|may:"operate" %}`."""

    ENTER = "enter"
    """The console, and figures that say nothing of anybody."""
    SEE_CHILDREN = "see_children"
    """Which children there are, and what is known of one; what was said stays masked."""
    SEE_PAYLOADS = "see_payloads"
    """Events and streams, as the log has them."""
    REVEAL = "reveal"
    """Open what a person said."""
    DECIDE = "decide"
    """Claim, acknowledge, decide and reopen safety violations."""
    APPROVE = "approve"
    """Approve what another person has asked for."""
    SEE_LEDGER = "see_ledger"
    """What others looked at; everybody sees what they looked at themselves."""
    EXPORT = "export"
    """Have persons' data written to a file."""
    PLACE_HOLDS = "place_holds"
    """Place legal holds."""
    REQUEST_ERASURE = "request_erasure"
    """Ask for a person's erasure."""
    OPERATE = "operate"
    """Have subscriptions do something."""
    MANAGE_ACCOUNTS = "manage_accounts"
    """Make accounts and say what they may do."""


MUST_END: Final = frozenset({"external_auditor"})
"""Roles that give nothing to an account without an end: a guest's account that nobody has ended is one too many."""

OF_STAFF: Final = frozenset({Capability.ENTER})
OF_SUPERUSERS: Final = frozenset(
    {Capability.ENTER, Capability.OPERATE, Capability.MANAGE_ACCOUNTS}
)
"""Nothing of anybody's data: that takes a role."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account has by its roles. ends_at: from then on nothing more. must_change_password: before it sees any page."""

    roles: frozenset[str] = frozenset()
    capabilities: frozenset[Capability] = frozenset()
    ends_at: datetime | None = None
    zone: str = "UTC"
    must_change_password: bool = False

    def has_ended(self, now: datetime) -> bool:
        """Whether the account's time is over."""
        return self.ends_at is not None and self.ends_at <= now


@dataclass(frozen=True, slots=True)
class Rule:
    """What those without a capability are told: why not, and what to do instead."""

    sentence: str
    instead: str


def may(user: Somebody, capability: Capability) -> bool:
    """Default deny. One question to the database for all capabilities of a request's user."""
    if not user.is_active or not user.is_staff:
        return False
    standing = standing_of(user)
    if standing.has_ended(SystemClock().now()):
        return False
    given = standing.capabilities | OF_STAFF
    return capability in (given | OF_SUPERUSERS if user.is_superuser else given)


def may_see_stream(user: Somebody, stream_id: str) -> bool:
    """Default deny per object: what others looked at takes a capability of its own, whichever page would show it."""
    kind, _, name = stream_id.partition(".")
    if kind != "access" or name == actor_of(user):
        return True
    return may(user, Capability.SEE_LEDGER)


def standing_of(user: Somebody) -> Standing:
    """Read once for each user object, so once a request: what was changed counts from the next one on."""
    known = vars(user).get(_KNOWN)
    if known is None:
        known = _read(user)
        vars(user)[_KNOWN] = known
    return cast("Standing", known)


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom a page is made, when, for what, and in which zone times are said beside UTC."""

    user: Somebody
    now: datetime
    purpose: Purpose | None = None
    zone: tzinfo = field(default=UTC)

    def may(self, capability: Capability) -> bool:
        """See `may`."""
        return may(self.user, capability)

    @property
    def roles(self) -> Sequence[str]:
        """As they are said."""
        names = sorted(standing_of(self.user).roles)
        if self.user.is_superuser:
            names.append("superuser")
        return [name.replace("_", " ").capitalize() for name in names]


def viewer_of(request: HttpRequest) -> Viewer:
    """Who asks, now."""
    zone = zone_of(request, otherwise=standing_of(request.user).zone)
    return Viewer(request.user, SystemClock().now(), purpose_of(request), zone)


def actor_of(user: Somebody) -> str:
    """The account's name in events: the ledger's, and those of acts. A log-in name may be an address, and may change."""
    return f"{OFFICER}{user.pk}"


def _read(user: Somebody) -> Standing:
    if user.pk is None:
        return Standing()
    rows = list(
        User.objects.filter(pk=user.pk).values_list(
            "groups__name",
            "groups__permissions__codename",
            "groups__permissions__content_type__app_label",
            "standing__ends_at",
            "standing__zone",
            "standing__must_change_password",
        )
    )
    ends_at: datetime | None = next((row[3] for row in rows), None)
    counting = [row for row in rows if ends_at or row[0] not in MUST_END]
    known = set(Capability)
    return Standing(
        roles=frozenset(str(row[0]) for row in rows if row[0]),
        capabilities=frozenset(
            Capability(row[1]) for row in counting if row[2] == _APP and row[1] in known
        ),
        ends_at=ends_at,
        zone=next((row[4] for row in rows if row[4]), "UTC"),
        must_change_password=any(row[5] for row in rows),
    )


def _by_role(sentence: str) -> Rule:
    return Rule(
        sentence,
        "Roles give it: whoever manages accounts can give you one. docs/OPERATIONS.md has the table of roles.",
    )


RULES: Final[Mapping[Capability, Rule]] = {
    # who may not even enter gets the login instead of a page
    Capability.ENTER: Rule(
        "Your account may not enter the console.",
        "Log in with another one.",
    ),
    Capability.SEE_CHILDREN: _by_role(
        "This page shows what is known of children, and your account may not see that."
    ),
    Capability.SEE_PAYLOADS: _by_role(
        "This page shows what persons did or said, and your account may not see that."
    ),
    Capability.REVEAL: _by_role("Your account may not open what persons said."),
    Capability.DECIDE: _by_role("Your account may not act on safety violations."),
    Capability.APPROVE: _by_role(
        "Your account may not approve what others have asked for."
    ),
    Capability.SEE_LEDGER: _by_role("Your account may not see what others looked at."),
    Capability.EXPORT: _by_role("Your account may not have data written to a file."),
    Capability.PLACE_HOLDS: _by_role("Your account may not place legal holds."),
    Capability.REQUEST_ERASURE: _by_role("Your account may not ask for an erasure."),
    Capability.OPERATE: _by_role("Your account may not act on subscriptions."),
    Capability.MANAGE_ACCOUNTS: Rule(
        "These pages are for superusers.",
        "Ask one of them for what you need.",
    ),
}

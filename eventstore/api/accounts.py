"""Service accounts as operators make, look at, change and end them. What is done here is seen by the next request of every process.

An account is a user without a password and its `ServiceAccount`; its tokens are kept as digests, and shown once. What an account
has appended, and what was recorded of its looking, stays when it goes: both are events.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from knox.models import get_token_model

from eventstore.api.models import ServiceAccount
from eventstore.clock import SystemClock
from eventstore.database import Condition, condition_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from eventstore.api.scopes import Scope
    from eventstore.ports import Clock

_log = structlog.get_logger(__name__)
_clock: Final = SystemClock()
DAYS: Final = 365  # a token's, where nobody says otherwise


class AccountError(ValueError):
    """What was asked of service accounts cannot be done; the message says what can."""


@dataclass(frozen=True, slots=True)
class Token:
    """prefix: what tells it from the account's others, and opens nothing. ends_at: None: never."""

    prefix: str
    created_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """A service account as it is now. bound_to: None: it sees everybody's data."""

    name: str
    scopes: tuple[str, ...]
    purpose: str
    bound_to: str | None
    is_active: bool
    created_at: datetime
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Minted:
    """A token as it is shown once, and the account it is of."""

    secret: str
    account: Account

    @property
    def token(self) -> Token:
        """What is known of it later."""
        return next(
            one for one in self.account.tokens if self.secret.startswith(one.prefix)
        )


def create(
    name: str,
    *,
    scopes: Collection[Scope],
    purpose: str,
    bound_to: str | None,
    days: int = DAYS,
) -> Minted:
    """A new account and its first token. bound_to: None: it sees everybody's data. Raises `AccountError` for a name that is taken."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(name)
            row = ServiceAccount(
                user=user,
                scopes=_listed(scopes),
                purpose=purpose,
                bound_to=bound_to,
                sees_all=bound_to is None,
            )
            row.save(force_insert=True)
            secret = _minted(user, days)
    except Exception as error:
        if condition_of(error) is not Condition.TAKEN:
            raise
        msg = f"The name {name} is taken, by a service account or by a person. Take another."
        raise AccountError(msg) from error
    _log.info(
        "a service account was made", action="service-account-created", account=user.pk
    )
    return Minted(secret, show(name))


def accounts() -> Sequence[Account]:
    """All, by their names."""
    rows = ServiceAccount.objects.select_related("user")
    return [
        _account(row)
        for row in rows.prefetch_related("user__auth_token_set").order_by(
            "user__username"
        )
    ]


def show(name: str) -> Account:
    """One. Raises `AccountError` where there is none."""
    found = ServiceAccount.objects.select_related("user").filter(user__username=name)
    row = found.first()
    if row is None:
        raise _unknown(name)
    return _account(row)


def change(name: str, **to: Any) -> Account:
    """Have it other `scopes`, another `purpose`, or another `bound_to`, each if it is there. Raises `AccountError`."""
    with _held(name) as row:
        if "scopes" in to:
            row.scopes = _listed(to["scopes"])
        if "purpose" in to:
            row.purpose = to["purpose"]
        if "bound_to" in to:
            row.bound_to, row.sees_all = to["bound_to"], to["bound_to"] is None
        row.save()
    _log.info(
        "a service account was changed",
        action="service-account-changed",
        account=row.pk,
    )
    return show(name)


def rotate(
    name: str, *, keep_old: timedelta = timedelta(0), days: int = DAYS
) -> Minted:
    """A new token; the others end now, or when `keep_old` is over, if they do not end before. Raises `AccountError`."""
    until = _clock.now() + keep_old
    with _held(name) as row:
        others = get_token_model().objects.filter(user=row.user)
        if keep_old:
            others.filter(expiry__lte=_clock.now()).delete()
            (others.exclude(expiry__lte=until)).update(expiry=until)
        else:
            others.delete()
        secret = _minted(row.user, days)
    _log.info(
        "a service account's token was rotated",
        action="service-account-rotated",
        account=row.pk,
    )
    return Minted(secret, show(name))


def switch(name: str, *, on: bool) -> Account:
    """Have all of its tokens answered, or none. Raises `AccountError`."""
    with _held(name) as row:
        row.user.is_active = on
        row.user.save(update_fields=["is_active"])
    if on:
        _log.info(
            "a service account was enabled",
            action="service-account-enabled",
            account=row.pk,
        )
    else:
        _log.warning(
            "a service account was disabled",
            action="service-account-disabled",
            account=row.pk,
        )
    return show(name)


def revoke(name: str, prefix: str) -> Account:
    """End the one token that begins so. Raises `AccountError` where none does, or several."""
    with _held(name) as row:
        tokens = get_token_model().objects.filter(user=row.user)
        found = [one for one in tokens if prefix and one.token_key.startswith(prefix)]
        if len(found) != 1:
            msg = f"{len(found)} tokens of {name} begin so. Say as much of one as: service_accounts show {name}."
            raise AccountError(msg)
        found[0].delete()
    _log.warning(
        "a token was revoked", action="service-account-revoked", account=row.pk
    )
    return show(name)


def delete(name: str) -> None:
    """The account and all of its tokens; what it has appended, and looked at, stays told. Raises `AccountError`."""
    with _held(name) as row:
        number = row.pk
        row.user.delete()
    _log.warning(
        "a service account was deleted",
        action="service-account-deleted",
        account=number,
    )


def facts_of(account: Account, *, clock: Clock = _clock) -> Mapping[str, Any]:
    """For programs, and for a table: no secret is in it."""
    now = clock.now()
    return {
        "name": account.name,
        "scopes": list(account.scopes),
        "purpose": account.purpose,
        "bound_to": account.bound_to,
        "sees_all": account.bound_to is None,
        "enabled": account.is_active,
        "created_at": account.created_at.isoformat(),
        "tokens": [
            {
                "prefix": one.prefix,
                "created_at": one.created_at.isoformat(),
                "ends_at": one.ends_at and one.ends_at.isoformat(),
                "ended": one.ends_at is not None and one.ends_at <= now,
            }
            for one in account.tokens
        ],
    }


@contextmanager
def _held(name: str) -> Iterator[ServiceAccount]:
    """The account, which nobody else changes meanwhile."""
    with transaction.atomic():
        rows = ServiceAccount.objects.select_for_update().select_related("user")
        row = rows.filter(user__username=name).first()
        if row is None:
            raise _unknown(name)
        yield row


def _unknown(name: str) -> AccountError:
    return AccountError(
        f"There is no service account {name}. service_accounts list names them."
    )


def _listed(scopes: Collection[Scope]) -> list[str]:
    return sorted({str(scope) for scope in scopes})


def _minted(user: User, days: int) -> str:
    _, secret = get_token_model().objects.create(user, expiry=timedelta(days=days))
    return str(secret)


def _account(row: ServiceAccount) -> Account:
    kept: Any = row.user  # knox ships no types
    tokens = sorted(kept.auth_token_set.all(), key=lambda one: one.created)
    return Account(
        row.user.get_username(),
        tuple(row.scopes),
        row.purpose,
        row.bound_to,
        row.user.is_active,
        row.created_at,
        tuple(Token(one.token_key, one.created, one.expiry) for one in tokens),
    )

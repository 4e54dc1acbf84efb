"""System checks of the HTTP API: what would show data that nobody records, or end a call that somebody was promised. docs/CHECKS.md has a line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.module_loading import import_string
from knox.settings import knox_settings
from rest_framework.settings import api_settings

from eventstore.api.models import ServiceAccount
from eventstore.api.throttles import SCOPES, rate
from eventstore.conf import conf
from eventstore.database import is_the_databases

if TYPE_CHECKING:
    from collections.abc import Collection

_NAMED: Final = ("ACCESS_RECORDER", "REACH", "FAILED_TOKENS")


@register(Tags.security)
def check_api(**_kwargs: Any) -> list[CheckMessage]:
    """What can be said without asking anybody."""
    return [*_unrecorded(), *_misnamed(), *_wrong_rates(), *_reads_that_write()]


@register(Tags.database)
def check_accounts(
    databases: Collection[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """`check --database default`: each account can be answered."""
    if "default" not in (databases or ()) or conf.REACH:
        return []
    try:
        bound = ServiceAccount.objects.filter(sees_all=False).count()
    except Exception as error:
        if is_the_databases(error):
            return []  # `check_log` says so
        raise
    if not bound:
        return []
    return [
        Error(
            f"{bound} service accounts are bound to somebody, and EVENTSTORE['REACH'] names nobody who knows what that is.",
            id="eventstore.E084",
            hint="Name it (docs/SETTINGS.md): until then each of their calls fails.",
        )
    ]


def _unrecorded() -> list[CheckMessage]:
    if conf.ACCESS_RECORDER:
        return []
    return [
        Error(
            "The HTTP API is installed, and EVENTSTORE['ACCESS_RECORDER'] names nobody who records who looks.",
            id="eventstore.E080",
            hint="Name one (docs/SETTINGS.md), or take eventstore.api out of INSTALLED_APPS: nothing of anybody is shown without.",
        )
    ]


def _misnamed() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in _NAMED:
        path = getattr(conf, name)
        try:
            if path:
                import_string(path)
        except ImportError:
            found.append(
                Error(
                    f"EVENTSTORE['{name}'] names {path}, which cannot be imported.",
                    id="eventstore.E081",
                    hint="Put it right: docs/SETTINGS.md says what it must be.",
                )
            )
    return found


def _wrong_rates() -> list[CheckMessage]:
    given = api_settings.DEFAULT_THROTTLE_RATES
    found: list[CheckMessage] = []
    for scope in SCOPES:
        try:
            rate(str(given.get(scope)))
        except ValueError as error:
            found.append(
                Error(
                    f"DEFAULT_THROTTLE_RATES['{scope}'] is {given.get(scope)!r}; it must be {error}.",
                    id="eventstore.E082",
                    hint="Put TEDDY_RATE_… right: docs/SETTINGS.md.",
                )
            )
    return found


def _reads_that_write() -> list[CheckMessage]:
    """knox prolongs tokens in the middle of a read, if it is told to."""
    if not knox_settings.AUTO_REFRESH:
        return []
    return [
        Error(
            "REST_KNOX['AUTO_REFRESH'] is on: who uses a token would never see it end.",
            id="eventstore.E083",
            hint="Leave it off; `rotate` makes a new token.",
        )
    ]

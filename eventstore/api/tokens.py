"""Who sends a token: django-rest-knox's digests, and the account that stands behind them. One statement a request, and it changes nothing."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from django.utils.module_loading import import_string
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS, knox_settings
from rest_framework.exceptions import AuthenticationFailed

from eventstore.api.callers import Caller
from eventstore.api.problems import NotAuthenticated, TooManyRequests
from eventstore.api.reach import reach_of
from eventstore.api.scopes import Scope
from eventstore.clock import SystemClock
from eventstore.conf import conf

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from rest_framework.request import Request

    from eventstore.api.models import ServiceAccount

_clock: Final = SystemClock()
_SECRET: Final = re.compile(r"[0-9a-f]{64}")
_REFUSED: Final = (
    "The token is none that is valid: it may be mistyped, ended, or past its end."
)


class Tokens(TokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """`Authorization: Token …`. knox's own deletes what is past its end while it looks; a read changes nothing, so ours does not."""

    def authenticate(self, request: Request) -> tuple[Caller, Any] | None:
        """None: no token was sent. Raises `NotAuthenticated`, or `TooManyRequests` where it is counted that many failed."""
        try:
            found: tuple[Caller, Any] | None = super().authenticate(request)
        except (AuthenticationFailed, NotAuthenticated) as error:
            refuse_after(request)
            raise NotAuthenticated(_REFUSED) from error
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[Caller, Any]:
        """Who it is, and the token's row. Raises `NotAuthenticated`, for all reasons alike."""
        text = token.decode("latin-1")
        prefix = knox_settings.TOKEN_PREFIX
        secret = text.removeprefix(prefix)
        has_form = text.startswith(prefix) and _SECRET.fullmatch(secret)
        found = caller_of(text) if has_form else None
        if found is None:
            raise NotAuthenticated(_REFUSED)
        return found

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says."""
        return "Token"


def refuse_after(request: Request) -> None:
    """Have a token that is none counted (`EVENTSTORE["FAILED_TOKENS"]`). Raises `TooManyRequests`: a valid token from there is taken all the same."""
    if not conf.FAILED_TOKENS:
        return
    counts: Callable[[HttpRequest], int | None] = import_string(conf.FAILED_TOKENS)
    wait_s = counts(request._request)  # noqa: SLF001  (DRF has no other name for it)
    if wait_s is not None:
        msg = "Too many tokens that are none were sent from this address; this one was not looked at further."
        raise TooManyRequests(msg, retry_after=wait_s)


def caller_of(token: str) -> tuple[Caller, Any] | None:
    """Whose token it is now: None if it is nobody's, ended, or its account may not come in."""
    digest = hash_token(token)
    rows = get_token_model().objects.filter(
        token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH]
    )
    for row in rows.select_related("user__service_account"):
        if compare_digest(digest, row.digest):
            return _caller(row)
    return None


def caller_again(row: Any) -> Caller | None:
    """The same token, looked at again in the middle of a long answer: None if it was ended meanwhile."""
    rows = get_token_model().objects.filter(pk=row.pk)
    again = rows.select_related("user__service_account").first()
    found = None if again is None else _caller(again)
    return None if found is None else found[0]


def _caller(row: Any) -> tuple[Caller, Any] | None:
    if row.expiry is not None and row.expiry <= _clock.now():
        return None
    account: ServiceAccount | None = getattr(row.user, "service_account", None)
    if account is None or not row.user.is_active:
        return None
    scopes = frozenset(Scope(name) for name in account.scopes)
    caller = Caller(
        row.user.get_username(),
        row.token_key,
        scopes,
        account.purpose,
        account.bound_to,
        reach_of(account.bound_to),
    )
    return caller, row

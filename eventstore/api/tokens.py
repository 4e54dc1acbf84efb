"""Who sends a token: django-rest-knox's digests, and the account that stands behind them. One statement a request, and it changes nothing."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from django.utils.module_loading import import_string
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS, knox_settings
from rest_framework.exceptions import AuthenticationFailed

from eventstore.api.callers import Caller
from eventstore.api.problems import NotAuthenticated, TooManyRequests
from eventstore.api.reach import reach_of
from eventstore.api.scopes import Scope
from eventstore.clock import SystemClock
from eventstore.conf import conf
from eventstore.queries.connection import first_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.http import HttpRequest
    from rest_framework.request import Request


_clock: Final = SystemClock()
_SECRET: Final = re.compile(r"[0-9a-f]{64}")
_REFUSED: Final = (
    "The token is none that is valid: it may be mistyped, ended, or past its end."
)


class Tokens(TokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """`Authorization: Token …`. knox's own deletes what is past its end while it looks; a read changes nothing, so ours does not."""

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        """None: no token was sent. Raises `NotAuthenticated`, or `TooManyRequests` where it is counted that many failed."""
        try:
            found: tuple[Caller, str] | None = super().authenticate(request)
        except (AuthenticationFailed, NotAuthenticated) as error:
            refuse_after(request)
            raise NotAuthenticated(_REFUSED) from error
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[Caller, str]:
        """Who it is, and the token's digest. Raises `NotAuthenticated`, for all reasons alike."""
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


def caller_of(token: str) -> tuple[Caller, str] | None:
    """Whose token it is now, and its digest: None if it is nobody's, ended, or its account may not come in."""
    digest = hash_token(token)
    for row in _rows(_BY_KEY, token[: CONSTANTS.TOKEN_KEY_LENGTH]):
        if compare_digest(digest, row.digest):
            caller = _caller(row)
            return None if caller is None else (caller, digest)
    return None


def caller_again(digest: str) -> Caller | None:
    """The same token, looked at again in the middle of a long answer: None if it was ended meanwhile."""
    rows = _rows(_BY_DIGEST, digest)
    return _caller(rows[0]) if rows else None


def digest_in(request: Any) -> str:
    """Of the token that a request came with: what `caller_again` takes."""
    return cast("str", request.auth)


class _Row(NamedTuple):
    """A token with its account."""

    digest: str
    key: str
    expiry: datetime | None
    is_active: bool
    account: str
    scopes: Sequence[str]
    purpose: str
    bound_to: str | None


# Each request asks it, and Django's ORM takes longer to write this statement than PostgreSQL to answer it.
# Indexes: knox's on token_key, and the three primary keys.
_SELECT: Final = """
SELECT t.digest, t.token_key, t.expiry, u.is_active, u.username, a.scopes, a.purpose, a.bound_to
  FROM knox_authtoken t
  JOIN auth_user u ON u.id = t.user_id
  JOIN eventstore_api_serviceaccount a ON a.user_id = t.user_id
"""
_BY_KEY: Final = _SELECT + " WHERE t.token_key = %s"
_BY_DIGEST: Final = _SELECT + " WHERE t.digest = %s"


def _rows(statement: str, value: str) -> list[_Row]:
    return [_Row(*row) for row in first_rows(statement, [value])]


def _caller(row: _Row) -> Caller | None:
    if not row.is_active or (row.expiry is not None and row.expiry <= _clock.now()):
        return None
    scopes = frozenset(Scope(name) for name in row.scopes)
    reach = reach_of(row.bound_to)
    return Caller(row.account, row.key, scopes, row.purpose, row.bound_to, reach)

"""Who logged in and who tried: a line, a figure and a row each. django-axes keeps the rows, and locks out who tries too often.

What was typed as a name may be a password, in the wrong field. So a name that no account has is written nowhere: a keyed
digest stands in its place, which tells one from another and nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.crypto import salted_hmac
from prometheus_client import Counter

from audit.frame.refusals import PageRefused, refusal
from teddy_es.proxies import client_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpResponse

_log = structlog.get_logger(__name__)
LOGINS: Final = Counter(
    "teddy_logins",
    "Log-ins by what became of them: succeeded, failed, or locked (not looked at, after too many that failed).",
    ["outcome"],
)
_DIGITS: Final = 16
TOKENS: Final = Counter(
    "teddy_failed_tokens",
    "Tokens of the HTTP API that are none: failed, or locked (one too many from an address).",
    ["outcome"],
)
_SENT: Final = "api_token"  # in the credentials' place of a name: no form has it
_NO_NAME: Final = (
    "?api-token"  # what rows of failed tokens are filed under, beside the address
)


def recorded_name(
    request: HttpRequest | None, credentials: Mapping[str, Any] | None
) -> str:
    """The name of an account, if it is one, else a keyed digest: what rows are filed under (AXES_USERNAME_CALLABLE)."""
    if _SENT in (credentials or {}):
        return _NO_NAME
    typed = _typed(request, credentials)
    return typed if _account(typed) is not None else f"?{_digest(typed)}"


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, _credentials: Any
) -> HttpResponse:
    """The page for who has tried too often (AXES_LOCKOUT_CALLABLE). The same whether or not there is such an account."""
    cool_off = get_cool_off(request)
    minutes = round(cool_off.total_seconds() / 60) if cool_off else 0
    answer = refusal(
        request,
        PageRefused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many log-ins with this name failed from where you are.",
            f"Try again in {minutes} minutes. Whoever runs this installation can lift it sooner: manage.py axes_reset_username NAME.",
        ),
    )
    answer.headers["Retry-After"] = str(minutes * 60)
    if isinstance(
        answer, TemplateResponse
    ):  # a middleware's answer is nobody's to render
        answer.render()
    return answer


def failed_token(request: HttpRequest) -> int | None:
    """Count a token of the HTTP API that is none, by its address: seconds to stay away once there were too many (EVENTSTORE["FAILED_TOKENS"]).

    Of the request nothing but the address is looked at, for a token may stand wherever somebody put it.
    """
    asked, said = HttpRequest(), {_SENT: True}
    asked.META["REMOTE_ADDR"] = client_address(request) or ""
    asked.method = "GET"
    if AxesProxyHandler.is_allowed(asked, said):
        user_login_failed.send(sender=__name__, credentials=said, request=asked)
    else:
        asked.axes_locked_out = True  # type: ignore[attr-defined]
        _failed(said, asked)
    if not getattr(asked, "axes_locked_out", False):
        return None
    return round((get_cool_off(asked) or timedelta(0)).total_seconds())


def report_logins() -> None:
    """Have log-ins told. Once a process, after django-axes has connected its own receivers."""
    for signal, told in (
        (user_logged_in, _succeeded),
        (user_login_failed, _failed),
        (user_logged_out, _left),
    ):
        signal.connect(
            told, weak=False, dispatch_uid=f"teddy_es.logins.{told.__name__}"
        )


def _succeeded(user: AbstractBaseUser, **_: Any) -> None:
    LOGINS.labels("succeeded").inc()
    _log.info("somebody logged in", action="login-succeeded", account=user.pk)


def _left(user: AbstractBaseUser | None, **_: Any) -> None:
    _log.info("somebody logged out", action="login-ended", account=user and user.pk)


def _failed(
    credentials: Mapping[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    is_locked = bool(getattr(request, "axes_locked_out", False))
    if _SENT in credentials:
        _failed_token(is_locked=is_locked)
        return
    LOGINS.labels("locked" if is_locked else "failed").inc()
    typed = _typed(request, credentials)
    told = {"account": _account(typed), "attempted": _digest(typed)}
    if is_locked:
        _log.warning("log-ins are locked", action="login-locked", **told)
    else:
        _log.warning("a log-in failed", action="login-failed", **told)


def _failed_token(*, is_locked: bool) -> None:
    TOKENS.labels("locked" if is_locked else "failed").inc()
    if is_locked:
        _log.warning("failed tokens of an address are locked", action="token-locked")
    else:
        _log.warning("a token failed", action="token-failed")


def _typed(request: HttpRequest | None, credentials: Mapping[str, Any] | None) -> str:
    name = (credentials or {}).get("username")
    if name is None and request is not None:
        name = request.POST.get("username")
    return str(name or "")


def _account(typed: str) -> int | None:
    """The number of the account of this name."""
    if not typed or "\0" in typed:
        return None
    named = get_user_model()._default_manager.filter(username=typed)  # noqa: SLF001  (Django's name of it)
    number: int | None = named.values_list("pk", flat=True).first()
    return number


def _digest(typed: str) -> str:
    hashed = salted_hmac("teddy_es.logins", typed, algorithm="sha256")
    return hashed.hexdigest()[:_DIGITS]

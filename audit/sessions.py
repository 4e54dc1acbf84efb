"""A session ends at once when the account's roles change, its time is over, it is switched off, or nobody has asked anything for a while.

What decides stands in the database and is read at each request, so it is so in every process. (A changed password ends
sessions by Django's own hash of it, which finds nobody logged in any more.)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.access import standing_of
from audit.conf import conf
from audit.frame.showing import show
from audit.trouble import unavailable
from eventstore.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from audit.access import Somebody

_log = structlog.get_logger(__name__)
STAMP: Final = "standing"
SEEN: Final = "seen_at"
ENDED: Final = "ended"  # in the session that comes after: why, for the log-in page
_PART: Final = (
    15  # of the time it may be idle: as often a session notes that it is used
)
_NOT_BACK: Final = frozenset({"csrfmiddlewaretoken", "password"})
_SENDS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Ended(NamedTuple):
    """Why. code: for the log; sentence: for the user."""

    code: str
    sentence: str


_CHANGED: Final = Ended("changed", "What your account may do has changed.")
_OVER: Final = Ended(
    "over",
    "The time of your account is over. Whoever manages accounts can prolong it.",
)
_GONE: Final = Ended(
    "gone", "Your account was switched off, or its password has changed."
)
_IDLE: Final = Ended("idle", "Nothing was asked for {} minutes.")


class EndSessions:
    """Middleware, behind the one that says who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Who is logged in no more is told why: on the log-in page, or, where something was sent, with what it was."""
        if request.session.session_key is None:
            return self._get_response(request)
        try:
            why = _ended(request)
        except Exception as error:
            silent = unavailable(request, error)
            if silent is None:
                raise
            return silent
        if why is None:
            return self._get_response(request)
        request.session.flush()
        request.user = AnonymousUser()
        _log.info("a session was ended", action="session-ended", code=why.code)
        if request.method in _SENDS and _is_a_page(request):
            return _lost(request, why.sentence)
        request.session[ENDED] = why.sentence
        return self._get_response(request)


def begin(request: HttpRequest, user: User, **_: Any) -> None:
    """What the session rests on, at log-in."""
    request.session[STAMP] = _stamp(user)
    request.session[SEEN] = SystemClock().now().isoformat()


def connect() -> None:
    """Have each log-in noted. Once a process."""
    user_logged_in.connect(begin, weak=False, dispatch_uid="audit.sessions.begin")


def why_ended(request: HttpRequest) -> str:
    """Why the session before this one ended; said once."""
    said = request.session.pop(ENDED, "")
    return f"You were logged out. {said}" if said else ""


def _ended(request: HttpRequest) -> Ended | None:
    """Why this session is at its end; None while it goes on."""
    kept = request.session
    had_somebody = STAMP in kept or SESSION_KEY in kept
    if not had_somebody:
        return None
    if not request.user.is_authenticated:
        return _GONE
    now = SystemClock().now()
    if standing_of(request.user).has_ended(now):
        return _OVER
    if kept.get(STAMP) != _stamp(request.user):
        return _CHANGED
    return _idle(request, now)


def _idle(request: HttpRequest, now: datetime) -> Ended | None:
    most = timedelta(seconds=conf.TEDDY_SESSION_IDLE)
    since = now - datetime.fromisoformat(request.session[SEEN])
    if since >= most:
        minutes = round(most.total_seconds() / 60)
        return _IDLE._replace(sentence=_IDLE.sentence.format(minutes))
    if since >= most / _PART:
        request.session[SEEN] = now.isoformat()
    return None


def _stamp(user: Somebody) -> str:
    """What the account is, but for the end of its time, which is asked anew each time."""
    flags = [name for name in ("is_staff", "is_superuser") if getattr(user, name)]
    return " ".join([*sorted(standing_of(user).roles), *flags])


def _is_a_page(request: HttpRequest) -> bool:
    """One of the console's, whose form was filled in while somebody was logged in."""
    path = request.path
    entrances = (reverse("admin:login"), reverse("admin:logout"))
    return path.startswith(reverse("admin:index")) and path not in entrances


def _lost(request: HttpRequest, why: str) -> HttpResponse:
    """Nothing was done. What somebody has typed is shown to them once more: a form that was sent is not there any more."""
    context = {
        "title": "You were logged out",
        "why": why,
        "typed": _typed(request),
        "log_in": reverse("admin:login"),
    }
    answer = show(request, "audit/frame/ended.html", context, HTTPStatus.UNAUTHORIZED)
    if isinstance(
        answer, TemplateResponse
    ):  # a middleware's answer is nobody's to render
        answer.render()
    return answer


def _typed(request: HttpRequest) -> Sequence[tuple[str, str]]:
    return [
        (name, text)
        for name, texts in request.POST.lists()
        for text in texts
        if not any(secret in name for secret in _NOT_BACK) and text.strip()
    ]

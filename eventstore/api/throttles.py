"""How often a token may ask: a rate for each scope (DRF's `DEFAULT_THROTTLE_RATES`), counted by token in Django's default cache.

DRF's own keeps a list of times for each who asks, and copies it at each request: of sixty thousand a minute that costs more than the
request. This counts a number for each stretch of time, so that in the worst case two stretches' worth come in the time of one.
"""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core.cache import cache
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from eventstore.clock import SystemClock

if TYPE_CHECKING:
    from rest_framework.request import Request

    from eventstore.ports import Clock

SCOPES: Final = ("read", "append", "export")
_RATE: Final = re.compile(r"([1-9][0-9]{0,8})/(s|sec|m|min|h|hour|d|day)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def rate(text: str) -> tuple[int, int]:
    """How many, in how many seconds. Raises ValueError with what it can be."""
    found = _RATE.fullmatch(text)
    if found is None:
        msg = "a number above 0 a s, min, hour or day, as in 6000/min"
        raise ValueError(msg)
    return int(found[1]), _SECONDS[found[2][0]]


class ScopedByToken(BaseThrottle):
    """A token has its rate, not the account: two tokens of one account do not use up each other's."""

    clock: ClassVar[Clock] = SystemClock()
    _wait_s: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether it may; what needs no token is not counted."""
        caller: Any = request.user
        if caller is None:
            return True
        scope: str = view.throttle_scope
        most, seconds = rate(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
        now = self.clock.now().timestamp()
        key = f"api-rate:{scope}:{caller.pk}:{int(now // seconds)}"
        if _counted(key, seconds) <= most:
            return True
        self._wait_s = max(1, ceil(seconds - now % seconds))
        return False

    def wait(self) -> float | None:
        """Seconds until it may again."""
        return self._wait_s


def _counted(key: str, seconds: int) -> int:
    cache.add(key, 0, timeout=2 * seconds)
    try:
        return cache.incr(key)
    except ValueError:  # the cache has made room meanwhile: it is counted from here
        cache.set(key, 1, timeout=2 * seconds)
        return 1

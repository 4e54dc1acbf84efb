"""How often a token may ask: DRF's scoped rates (`DEFAULT_THROTTLE_RATES`), counted by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.throttling import ScopedRateThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request


class ScopedByToken(ScopedRateThrottle):
    """As DRF's, but for its key: two tokens of one account do not use up each other's rate."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """None: not counted."""
        return f"throttle_{self.scope}_{request.user.pk}"

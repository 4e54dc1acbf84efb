"""Calls without a token: what they tell stands in the documentation too, and names no person and nothing that was stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission

from eventstore.api.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rest_framework.request import Request

    from eventstore.api.scopes import Scope


class Anybody(BasePermission):
    """Whoever asks by a method that there is."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises `MethodNotAllowed`."""
        if ("GET" if request.method == "HEAD" else request.method) not in view.scopes:
            raise MethodNotAllowed(str(request.method))
        return True


class Public(Endpoint):
    """Whoever writes a client reads these before there is a token. They come from memory, so that they need no rate of their own."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": None}
    is_public: ClassVar[bool] = True
    authentication_classes = ()  # type: ignore[assignment]
    permission_classes = (Anybody,)  # type: ignore[assignment]
    throttle_classes = ()  # type: ignore[assignment]

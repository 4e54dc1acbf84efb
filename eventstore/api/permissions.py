"""Whether an account may make a call: default deny."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission

from eventstore.api.callers import caller_in, is_anybody
from eventstore.api.problems import NotAuthenticated, ScopeMissing

if TYPE_CHECKING:
    from rest_framework.request import Request

    from eventstore.api.scopes import Scope


class MayScope(BasePermission):
    """The account has the scope that the call names for this method; a call that names none is nobody's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises `NotAuthenticated`, `ScopeMissing`, `MethodNotAllowed`."""
        if not is_anybody(request):
            msg = "This call needs a token."
            raise NotAuthenticated(msg)
        asked = "GET" if request.method == "HEAD" else str(request.method)
        scopes = getattr(view, "scopes", {})
        if asked not in scopes:
            raise MethodNotAllowed(asked)
        if not any(map(caller_in(request).may, _enough(view, asked))):
            msg = f"The token's account does not have the scope {scopes[asked]}."
            raise ScopeMissing(msg, scope=str(scopes[asked]))
        return True


def _enough(view: Any, asked: str) -> list[Scope]:
    """The scopes any one of which is enough."""
    instead: Scope | None = view.instead.get(asked)
    return [view.scopes[asked], *([] if instead is None else [instead])]

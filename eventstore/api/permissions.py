"""Whether an account may make a call: default deny."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission

from eventstore.api.problems import ScopeMissing

if TYPE_CHECKING:
    from rest_framework.request import Request


class MayScope(BasePermission):
    """The account has the scope that the call names for this method; a call that names none is nobody's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises `ScopeMissing`."""
        asked = "GET" if request.method == "HEAD" else request.method
        scope = getattr(view, "scopes", {}).get(asked)
        if scope is not None and not request.user.may(scope):
            msg = f"The token's account does not have the scope {scope}."
            raise ScopeMissing(msg, scope=str(scope))
        return scope is not None

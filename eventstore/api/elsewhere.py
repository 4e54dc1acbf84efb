"""Addresses under the API's that are none of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from eventstore.api.endpoint import NOT_THERE, Endpoint
from eventstore.api.problems import NotThere
from eventstore.api.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class Elsewhere(Endpoint):
    """404 for who may read, 401 for everybody else: a stranger is not told what there is."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {
        "GET": Scope.READ,
        "POST": Scope.READ,
    }
    schema = None  # no call of the schema

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing is asked of what is not there."""
        super(Endpoint, self).initial(request, *args, **kwargs)
        raise NotThere(NOT_THERE)

    def get(self, request: Request, **_: Any) -> None:
        """Never comes so far."""

    post = get

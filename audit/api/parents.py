"""`/parents/{id}/consents`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from audit.api import descriptions as words
from audit.api.answers import consent_seen
from audit.api.of_person import OfPerson, ReadModel
from audit.people import lists
from eventstore.api.paging import AFTER, LIMIT
from eventstore.api.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.request import Request
    from rest_framework.response import Response

    from eventstore.api.described import Described
    from eventstore.api.parameters import Parameter

CONSENTS: Final = ReadModel("consents", "consents", "eventstore.parent")


class ConsentsView(OfPerson):
    """`GET`: what the parent allowed for which child, from when to when, the newest first."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.CONSENTS}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {"GET": (LIMIT, AFTER)}

    def get(self, request: Request, parent_id: str) -> Response:
        """All that were ever given."""
        self.head_of(f"parent.{parent_id}")
        look = partial(lists.consents, parent_id=parent_id)
        return self.listed(request, CONSENTS, parent_id, look, consent_seen)

"""What all calls about one person have in common: what is foreign, unknown or not known yet is one answer, and who looks is recorded first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from rest_framework.response import Response

from eventstore.api import cursors
from eventstore.api.paging import links, page_of
from eventstore.api.streams import OfStream
from eventstore.events import written
from eventstore.queries.keyset import Wanted
from eventstore.queries.unhandled import unhandled_since

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

    from eventstore.queries.keyset import Page

ONLY_THEN: Final = ("after", "limit")
"""Parameters that choose a page, and no other list."""


class ReadModel(NamedTuple):
    """list_name: in the answer, in cursors and in the ledger. topic: in which all that the projection wants stands."""

    list_name: str
    projection: str
    topic: str


class OfPerson(OfStream):
    """A call about one person."""

    def refuse_unknown(self, child_id: str) -> None:
        """Raise `NotThere` where there is no such child for the caller. One that was registered a moment ago is there."""
        self.head_of(f"child.{child_id}")

    def listed(
        self,
        request: Request,
        model: ReadModel,
        person: str,
        look: Callable[[Wanted], Page[Any]],
        told: Callable[[Any], msgspec.Struct],
    ) -> Response:
        """A page of a read model's list about the person. Raises `BadCursor`, `AccessNotRecorded`.

        1. the cursor, which is good for this list, person, caller alone   2. how far the read model knows the log: asked before
        the rows, so that they have no less   3. the rows   4. it is recorded who sees them   5. the answer
        """
        name, asked = model.list_name, self.asked
        filters = {k: v for k, v in asked.items() if k not in ONLY_THEN}
        filters["person"] = person
        after = asked["after"]
        if after is not None:
            after = cursors.checked(after, name, self.caller, filters)
        before = unhandled_since({model.projection: model.topic})
        page = look(Wanted(after=after, size=asked["limit"]))
        self.record("list", {person}, name)
        following = page.next
        if following is not None:
            following = cursors.signed(following, name, self.caller, filters)
        cursor = {"next": following}
        known = {"known_before": None if before is None else written(before)}
        rows = [msgspec.json.encode(told(row)) for row in page.rows]
        return Response(
            page_of(name, rows, cursor | known), headers=links(request, cursor)
        )

"""What a visitor of the console opens: every page that only reads, and the look-up; each time another part of what there is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from audit.children.asked import written
from audit.children.heads import cut_of_now
from audit.frame.page import Page
from audit.pages import PAGES
from eventstore.clock import SystemClock
from eventstore.projections.configured import configured
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import cursor
from eventstore.queries.positions import position_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SOME: Final = (
    200  # of each kind are taken out, in an order that is the same in every run
)
_NAME: Final = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: a GET of the address, or a POST of what somebody looks up."""

    address: str
    look_up: str | None = None


# By the names in a route: what stands there, in an order that is the same in every run. Read through, but nobody waits for it.
_CHILDREN: Final = (
    "SELECT child_id FROM people_child ORDER BY md5(child_id) LIMIT %(some)s"
)
_CASES: Final = "SELECT child_id, violation_id FROM people_violation ORDER BY md5(violation_id) LIMIT %(some)s"
_TALKS: Final = "SELECT conversation_id FROM people_conversation ORDER BY md5(conversation_id) LIMIT %(some)s"
_ACTORS: Final = (
    "SELECT actor FROM people_access GROUP BY actor ORDER BY actor LIMIT %(some)s"
)
_STREAMS: Final = (
    "SELECT 'conversation.' || conversation_id FROM people_conversation"
    " ORDER BY md5(conversation_id) LIMIT %(some)s"
)
_EVENTS: Final = (
    "SELECT known_position, known_at FROM people_conversation"
    " ORDER BY md5(conversation_id) LIMIT %(some)s"
)
_SHELVES: Final[dict[tuple[str, ...], str]] = {
    ("child_id",): _CHILDREN,
    ("child_id", "violation_id"): _CASES,
    ("conversation_id",): _TALKS,
    ("actor",): _ACTORS,
    ("stream_id",): _STREAMS,
}
_PLACE: Final = frozenset({"topic", "partition", "offset", "index"})


class Shelf:
    """Takes something out of a filled store at random, the same things in every run of the same size."""

    def __init__(self) -> None:
        self._random = Random(1)
        self._rows: dict[str, Sequence[tuple[Any, ...]]] = {}

    def arguments(self, route: str) -> dict[str, Any]:
        """For a route's names. Raises LookupError for names that nobody has told apart yet, and where there is nothing."""
        names = tuple(_NAME.findall(route))
        if not names:
            return {}
        if {*names} == _PLACE:
            place = position_of(self.event()[0])
            return {name: getattr(place, name) for name in names}
        if names == ("name",):
            return {"name": self._random.choice(sorted(configured()))}
        if names not in _SHELVES:
            msg = f"{route} names what teddy_es/bench/visits.py does not know: give it a shelf"
            raise LookupError(msg)
        return dict(zip(names, self._one(_SHELVES[names]), strict=True))

    def event(self) -> tuple[Any, ...]:
        """Some event's position, and when the log took it."""
        return self._one(_EVENTS)

    def _one(self, asked: str) -> tuple[Any, ...]:
        if asked not in self._rows:
            self._rows[asked] = unchecked_rows(asked, {"some": _SOME})
        return self._random.choice(self._rows[asked])


def _page(page: Page) -> Callable[[Shelf], Visit]:
    def visit(shelf: Shelf) -> Visit:
        kwargs = shelf.arguments(page.route)
        return Visit(reverse(f"admin:{page.name}", kwargs=kwargs))

    return visit


def _deep_events(shelf: Shelf) -> Visit:
    position, recorded_at = shelf.event()
    after = cursor((recorded_at, position))
    return Visit(f"{reverse('admin:events')}?after={after}")


def _find(shelf: Shelf) -> Visit:
    child = shelf.arguments("<child_id>")["child_id"]
    return Visit(reverse("admin:find"), f"child.{child}")


def _as_of(shelf: Shelf) -> Visit:
    """With its cut, as a link to it has; without one the reader is sent on first."""
    child = shelf.arguments("<child_id>")["child_id"]
    at = SystemClock().now() - timedelta(hours=1)
    query = urlencode({"at": written(at), "cut": str(cut_of_now(child))})
    return Visit(f"{reverse('admin:child_as_of', args=[child])}?{query}")


_READS_ONLY: Final = tuple(
    page for page in PAGES if isinstance(page, Page) and page.post is None
)
VISITS: Final[dict[str, Callable[[Shelf], Visit]]] = {
    **{f"pages/{page.name}": _page(page) for page in _READS_ONLY},
    "pages/child_as_of": _as_of,
    "pages/ledger": lambda _: Visit(reverse("admin:ledger")),
    "pages/events-deep": _deep_events,
    "pages/find": _find,
}
"""Of `PAGES` all that show something when they are opened: whoever adds one that only reads has it measured."""

NOT_ASKED: Final = frozenset(
    {
        *("violation_act", "violation_reveal", "reveal", "subscription_act"),
        *("stream_verify", "purpose", "time_zone"),
    }
)
"""What has something done, opens what was said, or keeps a choice, by a POST."""

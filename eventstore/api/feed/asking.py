"""What the feed can be asked, and its cursors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from eventstore.api.feed import cursor
from eventstore.api.parameters import Parameter, whole
from eventstore.api.problems import BadCursor, InvalidParameter
from eventstore.conf import registry
from eventstore.events import Cut
from eventstore.queries.feed import cut_of, marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.api.callers import Caller
    from eventstore.log.topics import Topics

NOW: Final = "now"
MOST: Final = 1_000  # events of a page
MOST_PLACES: Final = 800  # partitions: a cursor of so many fits into a parameter
LONGEST_S: Final = 30  # that a page is waited for
_TYPES_EXAMPLE: Final = "order,invoice"


def _types(text: str) -> tuple[str, ...]:
    known = registry().stream_types
    names = text.split(",")
    if not set(names) <= known.keys():
        msg = f"stream types with commas between them, of {', '.join(known)}"
        raise ValueError(msg)
    return tuple(sorted(set(names)))


AFTER = Parameter(
    "after",
    str,
    "A cursor that this feed gave out (`next`, or the `id` of a server-sent event): go on behind it. `now`: begin with what is"
    " accepted from now on. Left out: from the beginning.",
    default=None,
    example=NOW,
)
TYPES = Parameter(
    "types",
    _types,
    "Only events of streams of these types, with commas between them. A cursor is good for the types that it was given out for.",
    example=_TYPES_EXAMPLE,
)
LIMIT = Parameter(
    "limit",
    whole(1, MOST),
    "How many events a page has at most. A commit is never torn apart, so one with more events is a page of its own.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST},
    example=100,
)
WAIT = Parameter(
    "wait",
    whole(0, LONGEST_S),
    "Seconds to wait for events when there are none yet (long polling). An answer comes as soon as there is one.",
    schema={"type": "integer", "minimum": 0, "maximum": LONGEST_S},
    example=20,
)


class Asked:
    """A request to the feed. types: of the streams that it wants; after: the cut that it stands at."""

    def __init__(
        self, asked: Mapping[str, Any], last_id: str | None, topics: Topics
    ) -> None:
        self._asked = asked
        self._last_id = last_id
        self._topics = topics
        self._named: Sequence[str] | None = asked["types"]
        self.types: Sequence[str] = self._named or sorted(registry().stream_types)
        self._refuse_too_many(len(self.types) * topics.partitions)

    @property
    def limit(self) -> int:
        """Events of a page."""
        limit: int | None = self._asked["limit"]
        return MOST if limit is None else limit

    @property
    def wait_s(self) -> int:
        """Seconds."""
        return self._asked["wait"] or 0

    def _refuse_too_many(self, places: int) -> None:
        """Before a cursor is given out that no address could hold."""
        if places > MOST_PLACES:
            msg = f"These types lie in {places} partitions, and a cursor names {MOST_PLACES} at most: follow fewer types at a time."
            raise InvalidParameter(msg, parameter="types")

    def refuse_what_pages_have(self) -> None:
        """A stream of server-sent events has no pages and always waits."""
        for name in ("limit", "wait"):
            if self._asked[name] is not None:
                msg = f"The parameter {name} is for pages, not for server-sent events."
                raise InvalidParameter(msg, parameter=name)

    def begin(self, caller: Caller) -> Cut:
        """Where to begin. `Last-Event-ID` wins, for a client that comes again asks with its first address. Raises `BadCursor`."""
        text = self._last_id or self._asked["after"]
        if text is None:
            return Cut()
        if text == NOW:
            return cut_of(marks([f"eventstore.{name}" for name in self.types]))
        try:
            return cursor.read(text, self._topics, *self._about(caller))
        except ValueError as error:
            msg = "The cursor was not given out by this feed for these types and this account."
            raise BadCursor(msg) from error

    def cursor(self, cut: Cut, caller: Caller) -> str:
        """What is given out for a cut."""
        return cursor.written(cut, self._topics, *self._about(caller))

    def next_query(self, following: str) -> str:
        """The query of the page behind this one."""
        asked = {
            "after": following,
            "types": None if self._named is None else ",".join(self._named),
            "limit": self._asked["limit"],
            "wait": self._asked["wait"],
        }
        return urlencode({k: v for k, v in asked.items() if v is not None}, safe=",")

    def _about(self, caller: Caller) -> tuple[str | None, ...]:
        named = None if self._named is None else ",".join(self._named)
        return "feed", caller.binding, named

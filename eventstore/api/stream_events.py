"""`/streams/{stream_id}/events`: what happened in a stream, page by page, and what is appended to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.urls import reverse
from rest_framework.response import Response

from eventstore.api import cursors
from eventstore.api.answering import StoreProblem
from eventstore.api.conditional import IF_MATCH, KEY, etag
from eventstore.api.descriptions import streams as words
from eventstore.api.endpoint import NOT_THERE
from eventstore.api.paging import AFTER, LIMIT, links, page_of
from eventstore.api.parameters import Parameter, one_of, whole
from eventstore.api.problems import InvalidParameter, NotAllowed, NotThere
from eventstore.api.proposals import commit_id_of, proposal_of
from eventstore.api.scopes import Scope
from eventstore.api.shapes import Accepted
from eventstore.api.showing import PAGE_BYTES, Closed, fitting, shown
from eventstore.api.streams import OfStream, is_its_own, may_go_on
from eventstore.api.windows import Window
from eventstore.errors import (
    AppendOutcomeUnknown,
    Decided,
    InvalidStreamId,
    NotFound,
)
from eventstore.events import written
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from rest_framework.request import Request

    from eventstore.api.described import Described
    from eventstore.api.proposals import Proposal
    from eventstore.events import AppendResult

LAST: Final = 2**31 - 1  # versions are no higher
FORWARDS, BACKWARDS = "forwards", "backwards"
_VERSION: Final = {"type": "integer", "minimum": 1}
_LISTED: Final = "stream-events"


class StreamEvents(OfStream):
    """`GET`: events with metadata and data. `POST`: append a commit under an expectation, once."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {
        "GET": Scope.READ,
        "POST": Scope.APPEND,
    }
    described: ClassVar[Mapping[str, Described]] = {
        "GET": words.EVENTS,
        "POST": words.APPEND,
    }
    goes_by: ClassVar[Mapping[str, Collection[str]]] = {"POST": (IF_MATCH, KEY)}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (
            Parameter(
                "from_version",
                whole(1, LAST),
                "The lowest version to show.",
                _VERSION,
                1,
            ),
            Parameter(
                "to_version",
                whole(1, LAST),
                "The highest; left out: the stream's last.",
                _VERSION,
            ),
            Parameter(
                "direction",
                one_of(FORWARDS, BACKWARDS),
                "Forwards: the lowest version first.",
                {"type": "string", "enum": [FORWARDS, BACKWARDS]},
                FORWARDS,
            ),
            LIMIT,
            AFTER,
        )
    }
    page_bytes: ClassVar[int] = PAGE_BYTES

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]
        """Writers have a rate of their own."""
        return "append" if self.request.method == "POST" else "read"

    # ---- reading

    def get(self, request: Request, stream_id: str) -> Response:
        """A page of the stream's events, recorded before it is shown."""
        filters = self._filters(stream_id)
        at = self._at(self.asked["after"], filters)
        window = self._window(self.head_of(stream_id).version, at)
        closed = self._closed(stream_id, window)
        rows = shown(self, "view", stream_id, closed)
        places = {"next": window.next(len(closed.events)), "previous": window.previous}
        beside = {
            rel: None
            if place is None
            else cursors.signed(str(place), _LISTED, self.caller, filters)
            for rel, place in places.items()
        }
        return Response(page_of("events", rows, beside), headers=links(request, beside))

    def _filters(self, stream_id: str) -> Mapping[str, Any]:
        """What a cursor is good for. Raises `InvalidParameter` for a part that is none."""
        first, last = self.asked["from_version"], self.asked["to_version"]
        if last is not None and last < first:
            msg = "to_version must be from_version or more."
            raise InvalidParameter(msg, parameter="to_version")
        direction = self.asked["direction"]
        return {"stream": stream_id, "from": first, "to": last, "direction": direction}

    def _window(self, head: int, at: int | None) -> Window:
        asked = self.asked
        last = min(head, asked["to_version"] or head)
        is_backwards = asked["direction"] == BACKWARDS
        return Window(asked["from_version"], last, asked["limit"], at, is_backwards)

    def _at(self, cursor: str | None, filters: Mapping[str, Any]) -> int | None:
        if cursor is None:
            return None
        return int(cursors.checked(cursor, _LISTED, self.caller, filters))

    def _closed(self, stream_id: str, window: Window) -> Closed:
        """The events of a page as they stand, nothing opened; fewer where they are large."""
        lowest, highest = window.page
        if highest < lowest:
            return Closed(())
        size, back = highest - lowest + 1, window.backwards
        read = get_event_store().read
        events = read(stream_id, lowest, highest, backwards=back, limit=size)
        return fitting(events, self.page_bytes)

    # ---- writing

    def post(self, request: Request, stream_id: str) -> Response:
        """Append what the body says.

        1. the commit's id, which every answer tells   2. what is proposed   3. may it?   4. the log decides   5. may the answer be told?
        A client that is gone meanwhile changes nothing: the append ends as it ends, and `/commits/{id}` tells how.
        """
        commit_id = commit_id_of(request.headers)  # 1
        self.told = {"commit_id": str(commit_id)}
        proposal = proposal_of(request.data, request.headers)  # 2
        self._refuse(stream_id, proposal, commit_id)  # 3
        self._refuse_taken(stream_id, proposal)
        result = self._appended(stream_id, proposal, commit_id)  # 4, 5
        headers = {"ETag": etag(result.last_version), "Location": _address(commit_id)}
        if result.replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(_answer(result), status=201, headers=headers)

    def _refuse(self, stream_id: str, proposal: Proposal, commit_id: UUID) -> None:
        """What the token may not say. Of a stream that it may not see it hears first what would be wrong in anybody's.

        What was decided under this id writes nothing anew: who asks once more is told that, though the same might not be said today.
        """
        reach = self.caller.reach
        known_before = reach.known_before()  # before it is asked anything else
        reason = reach.refuses(stream_id, proposal.expected, proposal.contents)
        if reason is None or may_go_on(
            reach, stream_id, known_before, proposal.contents
        ):
            return
        if not is_its_own(reach, stream_id, known_before):
            proposal.judge(stream_id)
            raise NotThere(NOT_THERE)
        if get_event_store().outcome(commit_id, stream_id).decided:
            return
        msg = "This token may not append these events to this stream; nothing was written."
        raise NotAllowed(msg, reason=reason)

    def _refuse_taken(self, stream_id: str, proposal: Proposal) -> None:
        """What shall begin here, and has begun with somebody else: asked before the append seals anything.

        A key that is minted for a person, and that one is refused for who was forgotten, are words about them.
        """
        begins = proposal.expected.value in ("no_stream", 0)
        if self.caller.reach.sees_all or not begins:
            return
        try:
            get_event_store().stream_info(stream_id)
        except (NotFound, InvalidStreamId):
            return
        self._refuse_to_tell(stream_id, proposal)

    def _appended(
        self, stream_id: str, proposal: Proposal, commit_id: UUID
    ) -> AppendResult:
        store = get_event_store()
        try:
            result = store.append(
                stream_id, proposal.events, proposal.expected, commit_id=commit_id
            )
        except AppendOutcomeUnknown as unknown:
            problem = StoreProblem(unknown)
            problem.headers = {"Location": _address(commit_id)}
            raise problem from unknown
        except Decided:
            self._refuse_to_tell(stream_id, proposal)
            raise
        if result.replayed:
            self._refuse_to_tell(stream_id, proposal)
        return result

    def _refuse_to_tell(self, stream_id: str, proposal: Proposal) -> None:
        """What was decided before tells of a stream that is there: whose is it? Who may not see it hears what is said of none."""
        reach = self.caller.reach
        if not is_its_own(reach, stream_id, reach.known_before()):
            proposal.judge(stream_id)
            raise NotThere(NOT_THERE)


def _address(commit_id: UUID) -> str:
    return reverse("api:commit", args=[commit_id])


def _answer(result: AppendResult) -> Accepted:
    return Accepted(
        result.commit_id,
        result.stream_id,
        result.first_version,
        result.last_version,
        [str(position) for position in result.positions],
        written(result.recorded_at),
    )

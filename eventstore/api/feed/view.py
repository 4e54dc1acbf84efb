"""`GET /feed`: pages, waited for if asked; or the same as server-sent events."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse, StreamingHttpResponse
from drf_standardized_errors.handler import exception_handler

from eventstore.api.bodies import Json
from eventstore.api.descriptions import lists as words
from eventstore.api.endpoint import Endpoint
from eventstore.api.feed.asking import AFTER, LIMIT, TYPES, WAIT, Asked
from eventstore.api.feed.following import Follower, Limits
from eventstore.api.feed.hangups import SOCKET, hangups
from eventstore.api.feed.process import Turn, followers
from eventstore.api.feed.showing import shown
from eventstore.api.feed.sse import MEDIA_TYPE, Pace, Stream
from eventstore.api.problems import NotAuthenticated
from eventstore.api.rendering import page
from eventstore.api.scopes import Scope
from eventstore.api.subjects import subjects_in
from eventstore.api.tokens import caller_again, digest_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from eventstore.api.callers import Caller
    from eventstore.api.described import Described
    from eventstore.api.feed.ring import Entry
    from eventstore.api.parameters import Parameter


class EventStream(Json):
    """Chosen by `Accept`; what is refused before the first event is JSON all the same."""

    media_type = MEDIA_TYPE
    format = "sse"


class FeedView(Endpoint):
    """`GET`: what was accepted behind a cursor, of all streams that the caller may see.

    Who waits holds a place and no connection; whoever asks the database takes a turn (`process`).
    """

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.FEED}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (AFTER, TYPES, LIMIT, WAIT)
    }
    goes_by: ClassVar[Mapping[str, Collection[str]]] = {"GET": ("Last-Event-ID",)}
    renderer_classes = (Json, EventStream)
    http_method_names = ("get",)
    pace: ClassVar[Pace] = Pace()
    limits: ClassVar[Limits] = Limits()

    turn: Turn

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """One turn at the database at a time, and none while anybody waits or reads the answer."""
        self.turn = followers().turn()
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            self.turn.give_back()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """See `Endpoint`."""
        self.turn.take()
        super().initial(request, *args, **kwargs)

    def get(self, request: Request) -> HttpResponseBase:
        """A page, or the stream."""
        shared = followers()
        last_id = request.headers.get("Last-Event-ID")
        asked = Asked(self.asked, last_id, shared.hub.store.topics)
        streams = getattr(request.accepted_renderer, "media_type", "") == MEDIA_TYPE
        if streams:
            asked.refuse_what_pages_have()
        with ExitStack() as held:
            if streams or asked.wait_s:
                held.enter_context(shared.place())
            seat = held.enter_context(shared.hub.seat(asked.types))
            client = request.META.get(SOCKET)
            held.enter_context(hangups.told(client, seat.leave))
            begun = asked.begin(self.caller)
            limits = replace(self.limits, events=asked.limit)
            follower = Follower(shared.hub, seat, begun, self.turn, limits)
            if streams:
                return self._stream(asked, follower, held)
            return self._page(asked, follower)

    def _page(self, asked: Asked, follower: Follower) -> HttpResponse:
        entries = follower.next(self.caller.reach, asked.wait_s)
        if follower.has_waited:
            self.look_again(entries)
        events = self.show(entries)
        following = asked.cursor(follower.after, self.caller)
        link = f'<{self.request.path}?{asked.next_query(following)}>; rel="next"'
        return HttpResponse(
            page(events, following),
            content_type="application/json",
            headers={"Link": link, "Cache-Control": "no-store"},
        )

    def _stream(
        self, asked: Asked, follower: Follower, held: ExitStack
    ) -> StreamingHttpResponse:
        """What is refused before the first event is a problem like any other's: so the first look is taken here."""
        stream = Stream(self, asked, follower, self.pace)
        stream.begin()
        stream.held = held.pop_all()
        return StreamingHttpResponse(
            stream,
            content_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def look_again(self, entries: Sequence[Entry]) -> None:
        """The token as it is now, or was seen since all of these were read. Raises `NotAuthenticated` if it was ended, or may see something else."""
        token, since = (
            digest_in(self.request),
            max((e.read_at for e in entries), default=inf),
        )
        shared, clock = followers(), followers().hub.clock
        known, again = shared.looks.since(token, since)
        if not known:
            self.turn.take()
            known, again = shared.looks.since(token, since)
        if not known:
            began = clock.monotonic()
            again = caller_again(token)
            shared.looks.note(token, began, again)
        if not _is_still(again, self.caller):
            msg = "The token was ended or changed while it waited."
            raise NotAuthenticated(msg)
        self.request.user = again

    def show(self, entries: Sequence[Entry]) -> list[bytes]:
        """Recorded first, then opened if the caller may. Raises `AccessNotRecorded`, `KeyStoreUnavailable`."""
        if not entries:
            return []
        if subjects := subjects_in(e for entry in entries for e in entry.events):
            self.turn.take()
            self.record("list", subjects, "feed")
        return list(shown(entries, self.caller.reach, self.opener()))

    def problem(self, error: Exception) -> bytes:
        """As JSON, of what ends a stream that has begun. Raises what is none."""
        context: Any = self.get_exception_handler_context()
        response = exception_handler(error, context)
        if response is None:
            raise error
        return Json().render(response.data)


def _is_still(again: Caller | None, before: Caller) -> bool:
    return (
        again is not None and again.binding == before.binding and again.may(Scope.READ)
    )

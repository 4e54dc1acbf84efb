"""`/streams/{stream_id}/state`: what a stream comes to, now or then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from msgspec import UNSET
from rest_framework.response import Response

from eventstore.api.answering import StoreProblem
from eventstore.api.descriptions import streams as words
from eventstore.api.endpoint import NOT_THERE
from eventstore.api.hiding import state_without
from eventstore.api.naming import names
from eventstore.api.parameters import Parameter, instant, whole
from eventstore.api.problems import InvalidParameter, NoState, NotThere
from eventstore.api.scopes import Scope
from eventstore.api.shapes import State
from eventstore.api.stream_events import LAST
from eventstore.api.streams import OfStream
from eventstore.api.subjects import unknown_to
from eventstore.conf import aggregates
from eventstore.errors import VersionNotFound
from eventstore.events import Withheld, stream_type_of, written
from eventstore.service import get_service
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rest_framework.request import Request

    from eventstore.aggregates import Aggregate
    from eventstore.api.described import Described

_TIME: Final = {"type": "string", "format": "date-time"}


class StateView(OfStream):
    """`GET`: the state of the stream's aggregate, now, at a version, or as it was known at a time."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.STATE}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (
            Parameter(
                "version",
                whole(1, LAST),
                "The version to stop at.",
                {"type": "integer", "minimum": 1},
            ),
            Parameter(
                "as_of",
                instant,
                "A time, with its zone, that has come.",
                _TIME,
                example="2026-11-23T09:00:00Z",
            ),
        )
    }

    def get(self, _request: Request, stream_id: str) -> Response:
        """Recorded before anything is opened."""
        version, as_of = self.asked["version"], self.asked["as_of"]
        if version is not None and as_of is not None:
            msg = "A version or a time (as_of), not both."
            raise InvalidParameter(msg, parameter="as_of")
        head = self.head_of(stream_id).version
        kind = aggregates().get(stream_type_of(stream_id))
        if kind is None:
            msg = f"Streams of the type {stream_type_of(stream_id)} have no state here."
            raise NoState(msg)
        last = self._last(stream_id, head, version, as_of)
        self._refuse_others(stream_id, last)
        self.record_view(stream_id, last)
        found = self._loaded(kind, stream_id, last)
        told = State(
            stream_id,
            found.version,
            self._seen(found.state),
            UNSET if as_of is None else written(as_of),
        )
        return Response(msgspec.json.encode(told, enc_hook=_withheld))

    def _seen(self, state: Any) -> Any:
        hidden = self.caller.reach.hides
        if not hidden:
            return state
        return state_without(hidden, msgspec.to_builtins(state, enc_hook=_withheld))

    def _last(
        self, stream_id: str, head: int, version: int | None, as_of: datetime | None
    ) -> int:
        """The version that is asked for. Raises `NotThere` where the stream was not there yet, `FutureInstant`, and `VersionNotFound` as a problem."""
        if as_of is not None:
            last = get_event_store().version_as_of(stream_id, as_of)
            if not last:
                raise NotThere(NOT_THERE)
            return last
        if version is not None and version > head:
            # the stream may be seen, so its version may be told
            error = VersionNotFound(stream_id, version, current_version=head)
            raise StoreProblem(error)
        return version or head

    def _refuse_others(self, stream_id: str, last: int) -> None:
        """Raise `NotThere` where an event of the state is about somebody whom the caller may not see.

        What a fold has made of such an event cannot be taken out again. The stream answers so, too, once the reach has heard of it.
        """
        reach = self.caller.reach
        if not reach.sees_all:
            _, named = names.of(stream_id, last)
            if unknown_to(reach, named):
                raise NotThere(NOT_THERE)

    def _loaded(
        self, kind: type[Aggregate[Any]], stream_id: str, version: int
    ) -> Aggregate[Any]:
        repository = get_service().repository_for(kind, opener=self.opener())
        _, _, own_id = stream_id.partition(".")
        return repository.load(own_id, version=version)


def _withheld(value: object) -> object:
    """What stands in the place of a field that nobody opened."""
    if isinstance(value, Withheld):
        told: dict[str, Any] = {"reason": value.reason}
        if value.at is not None:
            told["at"] = written(value.at)
        if value.request is not None:
            told["request"] = value.request
        return {"withheld": told}
    msg = f"a state holds a {type(value).__name__}"
    raise NotImplementedError(msg)

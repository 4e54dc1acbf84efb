"""`/streams/{stream_id}`: what there is of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.response import Response

from eventstore.api.endpoint import Endpoint
from eventstore.api.scopes import Scope
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class StreamView(Endpoint):
    """`GET`: version, counts, times, snapshot; the version is its ETag."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    def get(self, _request: Request, stream_id: str) -> Response:
        """A stream's head."""
        self.refuse_foreign(stream_id)
        info = get_event_store().stream_info(stream_id)
        self.record("view", {stream_id.partition(".")[2]}, stream_id)
        answer: dict[str, Any] = {
            "stream_id": info.stream_id,
            "version": info.version,
            "first_recorded_at": info.first_recorded_at,
            "last_recorded_at": info.last_recorded_at,
        }
        return Response(answer, headers={"ETag": f'"{info.version}"'})

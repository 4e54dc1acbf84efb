"""`/streams/{stream_id}`: what there is of a stream; and what all calls about one stream have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.response import Response

from eventstore.api.conditional import IF_NONE_MATCH, etag, matches
from eventstore.api.descriptions import streams as words
from eventstore.api.endpoint import NOT_THERE, Endpoint
from eventstore.api.naming import names
from eventstore.api.problems import NotThere
from eventstore.api.scopes import Scope
from eventstore.api.shapes import SnapshotHead, StreamHead
from eventstore.conf import aggregates
from eventstore.errors import InvalidStreamId, NotFound
from eventstore.events import Expected, stream_type_of, written
from eventstore.queries.keyset import is_plain
from eventstore.queries.picked import first_commits
from eventstore.snapshots.newest import newest_known
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from rest_framework.request import Request

    from eventstore.api.described import Described
    from eventstore.events import StreamInfo
    from eventstore.ports import Reach

Said = tuple[str, "Mapping[str, Any]"]


class OfStream(Endpoint):
    """A call about one stream."""

    def head_of(self, stream_id: str) -> StreamInfo:
        """The stream's head. Raises `NotThere`: where it is foreign, too, after the same look, so that neither words nor time tell."""
        covered = self.covers(stream_id) or self._has_begun(stream_id)
        try:
            info = get_event_store().stream_info(stream_id)
        except (NotFound, InvalidStreamId):
            info = None
        if info is None or not covered:
            raise NotThere(NOT_THERE)
        return info

    def _has_begun(self, stream_id: str) -> bool:
        """Whether it is the caller's own, though the reach did not know it just now. It is asked again: it may know it by now."""
        reach = self.caller.reach
        return is_its_own(reach, stream_id, reach.known_before())

    def record_view(self, stream_id: str, upto: int) -> None:
        """Have it recorded that the caller sees something of the stream as a whole: of all whom its events up to this version are about."""
        subjects, _ = names.of(stream_id, upto)
        self.record("view", subjects, stream_id)


class StreamView(OfStream):
    """`GET`: version, count, times, snapshot; the version is its ETag."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    goes_by: ClassVar[Mapping[str, Collection[str]]] = {"GET": (IF_NONE_MATCH,)}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.HEAD}

    def get(self, request: Request, stream_id: str) -> Response:
        """A stream's head; 304 for who has this version already."""
        asked = request.headers.get(IF_NONE_MATCH)
        known = False
        info = self.head_of(stream_id)
        if asked is not None:
            known = matches(asked, info.version)
        self.record_view(stream_id, info.version)
        headers = {"ETag": etag(info.version)}
        if known:
            return Response(status=304, headers=headers)
        answer = StreamHead(
            info.stream_id,
            info.version,
            info.version,
            written(info.first_recorded_at),
            written(info.last_recorded_at),
            _snapshot(stream_id),
        )
        return Response(answer, headers=headers)


def is_its_own(reach: Reach, stream_id: str, known_before: datetime | None) -> bool:
    """Whether a caller of this reach may see a stream that is there, even before the reach has heard of it.

    Then its first commit is judged as if it were proposed now: whoever may begin this stream so, has begun it. What the reach does
    know, and does not cover, is not looked at. known_before: as the reach said it, before it was asked anything else. What is not
    there takes the same questions as what is another's.
    """
    if is_plain(stream_id) and reach.covers([stream_id]):
        return True
    if known_before is None:
        return False
    said = _begun_since(stream_id, known_before)
    refused = reach.refuses(stream_id, Expected.NO_STREAM, said)
    return bool(said) and refused is None


def may_go_on(
    reach: Reach,
    stream_id: str,
    known_before: datetime | None,
    contents: Sequence[Said],
) -> bool:
    """Whether the caller may append this to a stream that began a moment ago, and of which its `Reach` has not heard.

    Its first commit and this one are judged as if they were proposed now as one: whoever may begin it so, goes on with it. known_before, and
    what is not there: as `is_its_own` has it.
    """
    if known_before is None:
        return False
    begun = _begun_since(stream_id, known_before)
    both = [*begun, *contents]
    refused = reach.refuses(stream_id, Expected.NO_STREAM, both)
    return bool(begun) and refused is None


def _begun_since(stream_id: str, instant: datetime) -> list[Said]:
    """What the first commit of the stream says, if it is no older."""
    found = first_commits([stream_id] if is_plain(stream_id) else [], instant)
    return [
        (event.metadata.event_type, event.data) for commit in found for event in commit
    ]


def _snapshot(stream_id: str) -> SnapshotHead | None:
    kind = aggregates().get(stream_type_of(stream_id))
    found = None if kind is None else newest_known(kind, stream_id)
    return None if found is None else SnapshotHead(found[0], written(found[1]))

"""`/commits/{commit_id}`: what became of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.response import Response

from eventstore.api.endpoint import Endpoint
from eventstore.api.problems import CommitNotInLog
from eventstore.api.scopes import Scope
from eventstore.api.streams import is_its_own
from eventstore.api.subjects import subject_of
from eventstore.events import written
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from rest_framework.request import Request

    from eventstore.queries.commits import CommitOutcome, Decided

_ABSENT = "No commit of this id that this token may see is in the log, up to its end as it was read for this answer."


class CommitView(Endpoint):
    """`GET`: the verdict, in each stream that used the id."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.APPEND}
    instead: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    def get(self, _request: Request, commit_id: UUID) -> Response:
        """Asked of the log's end, not of the index alone. Of streams that the caller may not see it tells as of none."""
        outcome = get_event_store().outcome(commit_id)
        own = [one for one in outcome.decided if is_its_own(self, one.commit.stream_id)]
        if not own:
            raise CommitNotInLog(_ABSENT, **self._up_to(outcome))
        self.record("view", _subjects(own), f"commit {commit_id}")
        answer = {"commit_id": commit_id, "decided": [_told(one) for one in own]}
        return Response(answer)

    def _up_to(self, outcome: CommitOutcome) -> Mapping[str, Any]:
        """How far the log was read: not for who sees a part of it, for it tells how much others write."""
        return {"up_to": str(outcome.up_to)} if self.caller.reach.sees_all else {}


def _subjects(decided: Iterable[Decided]) -> set[str]:
    found = {
        subject_of(one.commit.stream_id, event.type, event.data)
        for one in decided
        for event in one.commit.events
    }
    return {subject for subject in found if subject is not None}


def _told(decided: Decided) -> dict[str, Any]:
    commit = decided.commit
    told = {
        "stream_id": commit.stream_id,
        "verdict": decided.verdict.word,
        "recorded_at": written(decided.recorded_at),
    }
    if decided.first_version is None:
        return told | {"current_version": decided.head}
    return told | _where(decided)


def _where(decided: Decided) -> dict[str, Any]:
    result = decided.result(replayed=True)
    positions: Sequence[str] = [str(position) for position in result.positions]
    return {
        "first_version": result.first_version,
        "last_version": result.last_version,
        "positions": positions,
    }

"""`/commits/{commit_id}`: what became of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.response import Response

from eventstore.api import parameters
from eventstore.api.descriptions import streams as words
from eventstore.api.endpoint import Endpoint
from eventstore.api.problems import CommitNotInLog, InvalidParameter
from eventstore.api.scopes import Scope
from eventstore.api.shapes import Outcome, Verdict
from eventstore.api.streams import is_its_own
from eventstore.api.subjects import named_in, subject_of, unknown_to
from eventstore.conf import registry
from eventstore.events import written
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from rest_framework.request import Request

    from eventstore.api.described import Described
    from eventstore.queries.commits import CommitOutcome, Decided

_ABSENT = "No commit of this id that this token may see is in the log, up to its end as it was read for this answer."


class CommitView(Endpoint):
    """`GET`: the verdict, in each stream that used the id."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.APPEND}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.COMMITTED}
    instead: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    def get(self, _request: Request, commit_id: str) -> Response:
        """Asked of the log's end, not of the index alone. Of streams that the caller may not see it tells as of none."""
        return self._answer(_uuid(commit_id))

    def _answer(self, commit_id: UUID) -> Response:
        outcome = get_event_store().outcome(commit_id)
        own = self._own(outcome.decided)
        if not own:
            raise CommitNotInLog(_ABSENT, **self._up_to(outcome))
        self.record("view", _subjects(own), f"commit:{commit_id}")
        return Response(Outcome(commit_id, [_told(one) for one in own]))

    def _own(self, decided: Sequence[Decided]) -> Sequence[Decided]:
        """Those of streams and of persons that the caller may see. The reach is asked the same of an id that nobody has used as of another's."""
        reach = self.caller.reach
        if reach.sees_all:
            return decided
        known_before = reach.known_before()
        covered = reach.covers([one.commit.stream_id for one in decided])

        def is_own(stream_id: str) -> bool:
            return stream_id in covered or is_its_own(reach, stream_id, known_before)

        if not decided:  # as long as for a stream that is another's
            is_own(f"{next(iter(registry().stream_types))}.{self.kwargs['commit_id']}")
        others = unknown_to(reach, (name for one in decided for name in _named(one)))
        return [
            one
            for one in decided
            if is_own(one.commit.stream_id) and others.isdisjoint(_named(one))
        ]

    def _up_to(self, outcome: CommitOutcome) -> Mapping[str, Any]:
        """How far the log was read: not for who sees a part of it, for it tells how much others write."""
        return {"up_to": str(outcome.up_to)} if self.caller.reach.sees_all else {}


def _uuid(text: str) -> UUID:
    try:
        return parameters.uuid(text)
    except ValueError as error:
        msg = f"The commit id must be {error}."
        raise InvalidParameter(msg, parameter="commit_id") from None


def _named(decided: Decided) -> list[str | None]:
    commit = decided.commit
    return [named_in(commit.stream_id, e.type, e.data) for e in commit.events]


def _subjects(decided: Iterable[Decided]) -> set[str]:
    found = {
        subject_of(one.commit.stream_id, event.type, event.data)
        for one in decided
        for event in one.commit.events
    }
    return {subject for subject in found if subject is not None}


def _told(decided: Decided) -> Verdict:
    stream_id, at = decided.commit.stream_id, written(decided.recorded_at)
    if decided.first_version is None:
        word = decided.verdict.word
        return Verdict(stream_id, word, at, current_version=decided.head)
    result = decided.result(replayed=True)
    return Verdict(
        stream_id,
        decided.verdict.word,
        at,
        first_version=result.first_version,
        last_version=result.last_version,
        positions=[str(position) for position in result.positions],
    )

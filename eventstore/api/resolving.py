"""What helps where the store refuses, and which facts of an error an answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.errors import EventStoreError

_FACTS: Final = (
    "commit_id",
    "stream_id",
    "current_version",
    "expected",
    "index",
    "differs",
    "size",
    "limit",
    "month",
)

_RESOLVED: Final[Mapping[str, str]] = {
    "access-not-recorded": "Nothing was shown. Ask again when the log takes the record of who looks: `/readyz` says how it is.",
    "commit-id-reused": "Send a new commit under a new Idempotency-Key; `GET /commits/{id}` says what became of the first.",
    "commit-too-large": "Split it into several commits, or keep the large part elsewhere.",
    "database-unanswered": "Wait as long as Retry-After says. A POST with an Idempotency-Key may be sent again as it is.",
    "event-id-reused": "Give a new event a new id; to repeat a commit, send it under its Idempotency-Key.",
    "future-instant": "Ask for a time that has come.",
    "index-incomplete": "Wait as long as Retry-After says: the index is catching up.",
    "invalid-event": "Put the event right: `GET /schema` has the schema of each type.",
    "invalid-stream-id": "A stream id is {type}.{id}, of a type that `GET /schema` lists.",
    "key-store-unavailable": "Wait as long as Retry-After says; what is not sealed can be read meanwhile.",
    "log-unavailable": "Nothing was written. Send it again after Retry-After.",
    "log-unanswered": "Wait as long as Retry-After says.",
    "outcome-unknown": "Send it again under the same Idempotency-Key, or ask `GET /commits/{id}`.",
    "subject-erased": "The person was forgotten. Events without sensitive fields are still taken.",
    "wrong-expected-version": "Read the stream from current_version on, decide again, and send it under a new Idempotency-Key.",
}
_ELSE: Final = "Whoever runs this installation finds it in docs/OPERATIONS.md; `/readyz` says what is wrong."


def resolving(code: str) -> str:
    """A call, a command or a page that helps."""
    return _RESOLVED.get(code, _ELSE)


def facts_of(error: EventStoreError) -> Mapping[str, Any]:
    """What the error carries and a program may go by."""
    found = {name: getattr(error, name, None) for name in _FACTS}
    return {name: value for name, value in found.items() if value is not None}

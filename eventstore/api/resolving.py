"""What helps where the store refuses, and which facts of an error an answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.errors import EventStoreError

FACTS: Final = (
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

RESOLVED: Final[Mapping[str, str]] = {
    "access-not-recorded": "Nothing was shown. Wait as long as Retry-After says; where the answer has none, it does not pass by itself: whoever runs this installation looks at `/readyz` and at ACCESS_RECORDER.",
    "already-erased": "Nothing is left to do: `manage.py erasure_certificate` says how it was done.",
    "commit-id-reused": "Send a new commit under a new Idempotency-Key; `GET /commits/{commit_id}` says what became of the first.",
    "commit-too-large": "Split it into several commits, or keep the large part elsewhere.",
    "cut-beyond-end": "Begin at a cursor that this installation has given. If it has given this one, its log lost something: docs/OPERATIONS.md.",
    "database-unanswered": "Wait as long as Retry-After says. A POST with an Idempotency-Key may be sent again as it is.",
    "database-unfit": "Whoever runs this installation puts PostgreSQL right: `manage.py check --database default` says what it must be.",
    "event-id-reused": "Give a new event a new id; to repeat a commit, send it under its Idempotency-Key.",
    "future-instant": "Ask for a time that has come.",
    "hold-not-found": "Look at the list again: `manage.py hold list`.",
    "hold-not-liftable": "Wait for the day that the hold names: `manage.py hold list`.",
    "hold-refused": "Take another id, or leave it: the message says which.",
    "index-incomplete": "Wait as long as Retry-After says: the index is catching up.",
    "index-rebuilt": "Begin the list again, without a cursor: what was read before and after does not fit together.",
    "invalid-event": "Put the event right: `GET /schema` has the schema of each type.",
    "invalid-stream-id": "A stream id is {type}.{id}, of a type that `GET /schema` lists.",
    "key-store-unavailable": "Wait as long as Retry-After says; what is not sealed can be read meanwhile, by a token without `pii:read`.",
    "lineage-unreadable": "Whoever runs this installation updates its code, or registers the types that `manage.py read_stream` shows.",
    "log-misconfigured": "Whoever runs this installation puts the topic right as the message says: `manage.py create_topics`.",
    "log-truncated": 'Stop writing. Whoever runs this installation reads docs/OPERATIONS.md, "The log lost something".',
    "log-unanswered": "Wait as long as Retry-After says. A POST may be sent again under the same Idempotency-Key.",
    "log-unavailable": "Nothing was written. Send it again after Retry-After, under the same Idempotency-Key.",
    "log-unreadable": 'Whoever runs this installation reads docs/OPERATIONS.md, "A partition cannot be read". Other streams go on.',
    "mirror-diverged": "Whoever runs this installation runs `manage.py verify`, and, if the log is right, `manage.py rebuild_index`.",
    "not-restorable": "Whoever runs this installation does what `manage.py restore_log` says; what is in the mirror stays there.",
    "outcome-unknown": "Send it again under the same Idempotency-Key, or ask `GET /commits/{commit_id}`.",
    "own-record-malformed": "Report it, with the header X-Correlation-ID: an error of this code, and nothing was accepted.",
    "partition-set-aside": "Other streams go on. Whoever runs this installation sees by `manage.py partitions list` why this one waits.",
    "projection-not-ready": "Whoever runs this installation looks at `manage.py projections list`.",
    "projections-differ": "Whoever runs this installation looks at `manage.py projections compare`.",
    "request-not-found": "Look at the request's id again.",
    "second-person-missing": "Name another person as the one who approves.",
    "snapshot-drifted": 'Whoever runs this installation reads docs/guide/SNAPSHOTS.md, "A snapshot has drifted".',
    "snapshot-not-written": "Nobody needs to do anything: `manage.py build_snapshots` makes it later.",
    "state-not-storable": "Whoever runs this installation gives the state another form: docs/guide/SNAPSHOTS.md.",
    "state-withheld": "Nobody needs to do anything: it is loaded from its events.",
    "store-unsealed": 'Whoever runs this installation reads docs/OPERATIONS.md, "A store from before sealing".',
    "stream-parked": "Whoever runs this installation looks at `manage.py subscriptions show NAME`, then replays or skips it.",
    "stream-not-found": "Nothing was ever accepted under this id: append with `no_stream`, or look at the id again.",
    "stream-not-parked": "Look at the list again: `manage.py subscriptions show NAME`.",
    "subject-erased": "The person was forgotten. Events without sensitive fields are still taken; do not repeat this one.",
    "subscription-behind": "Wait as long as Retry-After says: what was written stands, and the list goes on by itself.",
    "subscription-not-found": "Name one that `manage.py subscriptions list` shows.",
    "subscription-superseded": "Whoever runs this installation stops the processes that run the older code.",
    "under-hold": "A legal hold binds: `manage.py hold list` says which, and two people lift it.",
    "unknown-rule-version": "Whoever runs this installation updates its code; other streams go on.",
    "unreadable-event": "`GET /streams/{stream_id}/events` shows the events as they stand; for the state, its type or upcaster has to be registered.",
    "verification-failed": "Whoever runs this installation runs `manage.py verify`, which names the places.",
    "version-not-found": "The stream has not come so far: its version is current_version.",
    "wrong-expected-version": "Read the stream from current_version on, decide again, and send it under a new Idempotency-Key.",
}
# of an error that a project has added to the tree
_ELSE: Final = "Whoever runs this installation finds it in docs/OPERATIONS.md; `/readyz` says what is wrong."


def resolving(code: str) -> str:
    """A call, a command or a page that helps."""
    return RESOLVED.get(code, _ELSE)


def facts_of(error: EventStoreError) -> Mapping[str, Any]:
    """What the error carries and a program may go by."""
    found = {name: getattr(error, name, None) for name in FACTS}
    return {name: value for name, value in found.items() if value is not None}

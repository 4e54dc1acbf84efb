"""What an append is told, but for what stands beneath the store."""

from __future__ import annotations

from eventstore.errors.branches import (
    Decided,
    EventStoreError,
    Refused,
    Retryable,
)


class InvalidStreamId(Refused):
    """A stream id is {type}.{id}, as in order.order-123, with a type that is registered."""

    code = "invalid-stream-id"
    status = 422

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"This is not a stream id of this store: {reason}.")


class InvalidEvent(Refused):
    """An event (or the commit round it) does not fit its type; nothing was written."""

    code = "invalid-event"
    status = 422

    def __init__(self, reason: str, *, index: int | None = None) -> None:
        self.reason = reason
        self.index = index
        where = "The commit" if index is None else f"Event {index} of the commit"
        super().__init__(f"{where} was refused before anything was written: {reason}.")


class CommitTooLarge(Refused):
    """A commit is larger than a record of the log may be; nothing was written."""

    code = "commit-too-large"
    status = 413

    def __init__(self, *, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(
            f"The commit takes {size} bytes, the limit is {limit}; nothing was written."
            " Split it into several commits, or keep the large part elsewhere."
        )


class SubjectErased(Refused):
    """The keys of the person that the event is about were destroyed: all of them, or those of the month; nothing was written.

    month: `2026-11`, where only its keys are gone; empty where the person was erased.
    """

    code = "subject-erased"
    status = 410

    def __init__(self, month: str = "") -> None:
        self.month = month
        gone = (
            f"The subject's keys of {month} were destroyed"
            if month
            else "The subject of this event was erased"
        )
        super().__init__(
            f"{gone}; nothing was written. An event without sensitive fields is still taken."
        )


class LogUnavailable(Refused, Retryable):
    """Nothing was written: no copy of the commit ever left this process. Appends alone raise it, and nobody who asks."""

    code = "log-unavailable"
    status = 503

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The log is not available, and nothing was written: {reason}. Try again later."
        )


class WrongExpectedVersion(Decided):
    """The stream has moved on since you read it: load it again and decide again."""

    code = "wrong-expected-version"
    status = 409

    def __init__(
        self, stream_id: str, *, expected: int | str, current_version: int
    ) -> None:
        self.stream_id = stream_id
        self.expected = expected
        self.current_version = current_version
        super().__init__(
            f"Stream {stream_id} is at version {current_version}, but the commit expected {expected}."
            " Load it again and decide again, under a new commit id."
        )


class EventIdReused(Decided):
    """An event id of the commit was accepted earlier in this stream."""

    code = "event-id-reused"
    status = 409

    def __init__(self, stream_id: str) -> None:
        self.stream_id = stream_id
        super().__init__(
            f"Stream {stream_id} already has an event with an event id of this commit."
            " Give a new event a new id; to retry a commit, use its commit id again."
        )


class CommitIdReused(Decided):
    """The commit id belongs to another commit of this stream; nothing of yours was kept.

    differs: the first thing that is not the same: number, event_id, type, schema, data; in an import also occurred_at,
    correlation_id, causation_id. index: of which event, from 0; None for the number.
    """

    code = "commit-id-reused"
    status = 422

    def __init__(
        self, commit_id: str, stream_id: str, *, differs: str, index: int | None = None
    ) -> None:
        self.commit_id = commit_id
        self.stream_id = stream_id
        self.differs = differs
        self.index = index
        whose = "of the events" if index is None else f"of event {index}"
        super().__init__(
            f"Commit {commit_id} of {stream_id} was decided with other events: the {differs} {whose}"
            " is not the same. Use a new commit id for a new commit; `outcome` says what became of the first one."
        )


class AppendOutcomeUnknown(Retryable):
    """Nobody can say yet whether the log accepted the commit; a retry with the same commit id settles it, and is idempotent."""

    code = "outcome-unknown"
    status = 503

    def __init__(self, commit_id: str, stream_id: str) -> None:
        self.commit_id = commit_id
        self.stream_id = stream_id
        super().__init__(
            f"It is not known whether the log accepted commit {commit_id} of {stream_id}."
            " Append it again with the same commit id (that is idempotent), or ask for its outcome."
        )


class OwnRecordMalformed(EventStoreError):
    """A record that this code wrote was folded as malformed: an error of this code, not of the caller."""

    code = "own-record-malformed"
    status = 500

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        super().__init__(
            f"This code wrote {topic}/{partition}/{offset}, but the fold found it malformed."
            " Nothing was accepted. Please report it; the mirror row has the reason."
        )

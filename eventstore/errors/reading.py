"""What a read is told, and who builds what reads are made faster by."""

from __future__ import annotations

from eventstore.errors.branches import (
    EventStoreError,
    NeedsOperator,
    NotFound,
    Refused,
    Retryable,
)


class StreamNotFound(NotFound):
    """No event was ever accepted under this stream id."""

    code = "stream-not-found"
    status = 404

    def __init__(self, stream_id: str) -> None:
        self.stream_id = stream_id
        super().__init__(f"There is no stream {stream_id}.")


class VersionNotFound(NotFound):
    """The stream has not reached this version."""

    code = "version-not-found"
    status = 404

    def __init__(self, stream_id: str, version: int, *, current_version: int) -> None:
        self.stream_id = stream_id
        self.version = version
        self.current_version = current_version
        super().__init__(
            f"Stream {stream_id} is at version {current_version}; there is no version {version} yet."
        )


class FutureInstant(Refused):
    """The time has not come yet, so nobody can say what will be known then."""

    code = "future-instant"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "This time has not come yet, so nobody can say what will be known then. Ask for now, or for the past."
        )


class CutBeyondEnd(Refused, ValueError):
    """The cut lies beyond the end of the log: a read from there would skip what is accepted below it later."""

    code = "cut-beyond-end"
    status = 422

    def __init__(self, place: str, offset: int, *, end: int) -> None:
        self.place = place
        self.offset = offset
        self.end = end
        super().__init__(
            f"The cut names {place} at {offset}, but the log ends at {end}: a read from there would skip what comes before"
            f" {offset}. The cut is of another store, or the log has lost its end since. Begin with a cut that this store has given."
        )


class UnreadableEvent(EventStoreError):
    """This code cannot read an event of the stream's history, so it cannot make the state."""

    code = "unreadable-event"
    status = 500

    def __init__(
        self,
        stream_id: str,
        version: int,
        *,
        event_type: str,
        position: str,
        problem: str,
    ) -> None:
        self.stream_id = stream_id
        self.version = version
        self.event_type = event_type
        self.position = position
        self.problem = problem
        super().__init__(
            f"Stream {stream_id} cannot be loaded: this code cannot read version {version}, a {event_type} at {position}"
            f" ({problem}). Register its type, or the upcaster of its schema."
        )


class IndexIncomplete(Retryable):
    """After a crash of the database the index is being completed; reads wait for it."""

    code = "index-incomplete"
    status = 503

    def __init__(self, cause: str = "") -> None:
        self.cause = cause
        super().__init__(
            "The index is catching up with the log after a crash of the database or a rebuild."
            f" Retry in a moment.{cause and f' What holds it up: {cause}'}"
        )


class PartitionSetAside(IndexIncomplete, NeedsOperator):
    """The stream's partition has stopped and was set aside; what it holds since a crash nobody knows."""

    code = "partition-set-aside"
    status = 503

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        super().__init__()
        self.args = (
            f"Partition {topic}/{partition} has stopped, and somebody set it aside: its streams cannot be read, the others can."
            " `manage.py partitions list` says why it stopped and what to do.",
        )


class IndexRebuilt(Retryable):
    """Somebody rebuilt the index while it was read from end to end; the read would leave something out."""

    code = "index-rebuilt"
    status = 503

    def __init__(self) -> None:
        super().__init__("The index was rebuilt meanwhile. Run it again.")


class StateNotStorable(EventStoreError):
    """An aggregate's state cannot be kept in a snapshot as it is; the message names the field."""

    code = "state-not-storable"
    status = 500

    def __init__(self, aggregate: str, path: str, reason: str) -> None:
        self.aggregate = aggregate
        self.path = path
        self.reason = reason
        super().__init__(
            f"A snapshot cannot hold the state of {aggregate}, at {path}: {reason}."
            " A state holds what the rules need, in plain types, and never the history."
        )


class StateWithheld(StateNotStorable):
    """An aggregate's state holds what was withheld, or what may not be kept together; no snapshot is made of it, and loads replay."""

    code = "state-withheld"
    status = 500

    def __init__(self, aggregate: str, reason: str, path: str = "$") -> None:
        super().__init__(aggregate, path, reason)


class SnapshotNotWritten(Retryable):
    """The topic of the snapshots did not take them; they are built again later, and nothing else depends on it."""

    code = "snapshot-not-written"
    status = 503

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Snapshots were not written ({reason}). Builders make them later; if their topic is missing,"
            " run `manage.py create_topics`."
        )


class SnapshotDrifted(NeedsOperator):
    """Snapshots say something else than a replay of their events; they are set aside, and nobody loads them again."""

    code = "snapshot-drifted"
    status = 500

    def __init__(self, snapshots: int) -> None:
        self.snapshots = snapshots
        super().__init__(
            f"{snapshots} snapshots have drifted and were set aside: log lines (`snapshot-drifted`) name them."
            " See docs/guide/SNAPSHOTS.md, 'A snapshot has drifted'."
        )

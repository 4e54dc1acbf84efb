"""Everything that the event store refuses or cannot do, named by what the caller should do.

    EventStoreError
    ├── refused, nothing was written
    │   ├── InvalidStreamId           put the id right
    │   ├── InvalidEvent              put the event right
    │   ├── CommitTooLarge            split it, or keep the large thing elsewhere
    │   ├── LogUnavailable            wait and append again; no copy was ever sent
    │   └── SubjectErased             the subject's keys are gone; stop
    ├── decided by the log
    │   ├── WrongExpectedVersion      load again, decide again, under a new commit id
    │   ├── EventIdReused             the stream has this event already
    │   └── CommitIdReused            the id belongs to another commit; take a new one
    ├── LogUnanswered                 wait and ask again, or do what the message says; nothing is promised of what was written
    ├── AppendOutcomeUnknown          ask `outcome`, or append again with the same commit id
    ├── StreamNotFound                nothing was ever accepted under that id
    ├── VersionNotFound               the stream has not come so far
    ├── FutureInstant                 ask for a time that has come
    ├── UnreadableEvent               the stream's other readers go on; register the type or its upcaster
    ├── IndexIncomplete               wait a moment: the index is catching up
    ├── PartitionSetAside             its streams cannot be read until its partition goes on; an operator knows
    ├── CutBeyondEnd                  the cut is of another log: take one that this store has given
    ├── IndexRebuilt                  begin again: what was read before and after does not fit together
    ├── LogTruncated                  stop writing; an operator must look (docs/OPERATIONS.md)
    ├── NotRestorable             do what the message says; what is in the mirror stays there
    ├── LogUnreadable                 an operator must look: one partition stops, the others go on
    ├── LogMisconfigured              stop writing; the message says what to put right
    ├── UnknownRuleVersion            update the code: the log uses rules that it does not know
    ├── MirrorDiverged                an operator must look: `verify`, then `rebuild_index`
    ├── SnapshotDrifted               an operator must look: `apply` is not what it was (docs/guide/SNAPSHOTS.md)
    ├── VerificationFailed            an operator must look: run `verify`, which names the places
    ├── OwnRecordMalformed            an error of this code: report it
    ├── StateNotStorable              the state needs another form; without it all works, but slower
    ├── SnapshotNotWritten            nobody waits for it: it is built later
    ├── SubscriptionNotFound          name one that there is
    ├── SubscriptionSuperseded        stop: a newer version of its code has taken over
    ├── SubscriptionBehind            it goes on by itself: answer without it, or ask again
    ├── StreamParked                  look at what failed, then replay or skip it
    ├── StreamNotParked               nothing of that stream waits: look at the list again
    ├── ProjectionNotReady            do what the message says; what is read stays as it is
    ├── ProjectionsDiffer             look at what differs; switch all the same if that is what was meant
    ├── DatabaseUnfit                 an operator must look: the message says what PostgreSQL must be, or who stands in between
    └── KeyStoreUnavailable           wait and try again

A class's first docstring line is what happened, `code` is stable and public, facts are attributes. No
message carries a payload or a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class EventStoreError(Exception):
    """The event store could not do what it was asked."""

    code: ClassVar[str] = "event-store-error"
    status: ClassVar[int] = 500  # the HTTP answer at an edge that has one

    def __reduce__(self) -> tuple[Any, ...]:
        # Python rebuilds an exception by its message alone, which ours do not take; a worker would die of it.
        return _rebuilt, (type(self), self.args, vars(self))


def _rebuilt(
    cls: type[EventStoreError], args: tuple[Any, ...], facts: dict[str, Any]
) -> EventStoreError:
    error = cls.__new__(cls, *args)
    vars(error).update(facts)
    return error


class InvalidStreamId(EventStoreError):
    """A stream id is {type}.{id}, as in order.order-123, with a type that is registered."""

    code = "invalid-stream-id"
    status = 422

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"This is not a stream id of this store: {reason}.")


class InvalidEvent(EventStoreError):
    """An event (or the commit round it) does not fit its type; nothing was written."""

    code = "invalid-event"
    status = 422

    def __init__(self, reason: str, *, index: int | None = None) -> None:
        self.reason = reason
        self.index = index
        where = "The commit" if index is None else f"Event {index} of the commit"
        super().__init__(f"{where} was refused before anything was written: {reason}.")


class CommitTooLarge(EventStoreError):
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


class WrongExpectedVersion(EventStoreError):
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


class EventIdReused(EventStoreError):
    """An event id of the commit was accepted earlier in this stream."""

    code = "event-id-reused"
    status = 409

    def __init__(self, stream_id: str) -> None:
        self.stream_id = stream_id
        super().__init__(
            f"Stream {stream_id} already has an event with an event id of this commit."
            " Give a new event a new id; to retry a commit, use its commit id again."
        )


class CommitIdReused(EventStoreError):
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


class AppendOutcomeUnknown(EventStoreError):
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


class LogUnavailable(EventStoreError):
    """Nothing was written: no copy of the commit ever left this process."""

    code = "log-unavailable"
    status = 503

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The log is not available, and nothing was written: {reason}. Try again later."
        )


class LogUnanswered(LogUnavailable):
    """The log does not answer a question; of what was or was not written it says nothing.

    word: where waiting alone does not help, what to look at, as `/readyz` says it: log-authentication-failed,
    log-rights-missing, log-tls; else empty.
    """

    code = "log-unanswered"
    status = 503

    def __init__(self, reason: str, *, word: str = "") -> None:
        self.reason = reason
        self.word = word
        EventStoreError.__init__(
            self,
            f"The log is not available: {reason}.{'' if word else ' Try again later.'}",
        )


class StreamNotFound(EventStoreError):
    """No event was ever accepted under this stream id."""

    code = "stream-not-found"
    status = 404

    def __init__(self, stream_id: str) -> None:
        self.stream_id = stream_id
        super().__init__(f"There is no stream {stream_id}.")


class VersionNotFound(EventStoreError):
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


class FutureInstant(EventStoreError):
    """The time has not come yet, so nobody can say what will be known then."""

    code = "future-instant"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "This time has not come yet, so nobody can say what will be known then. Ask for now, or for the past."
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


class IndexIncomplete(EventStoreError):
    """After a crash of the database the index is being completed; reads wait for it."""

    code = "index-incomplete"
    status = 503

    def __init__(self, cause: str = "") -> None:
        self.cause = cause
        super().__init__(
            "The index is catching up with the log after a crash of the database or a rebuild."
            f" Retry in a moment.{cause and f' What holds it up: {cause}'}"
        )


class PartitionSetAside(IndexIncomplete):
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


class CutBeyondEnd(EventStoreError, ValueError):
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


class IndexRebuilt(EventStoreError):
    """Somebody rebuilt the index while it was read from end to end; the read would leave something out."""

    code = "index-rebuilt"
    status = 503

    def __init__(self) -> None:
        super().__init__("The index was rebuilt meanwhile. Run it again.")


class LogTruncated(EventStoreError):
    """The log no longer holds what was folded from it; nothing may be written to it."""

    code = "log-truncated"
    status = 503

    def __init__(self, topic: str, partition: int, *, cursor: int, found: str) -> None:
        self.topic = topic
        self.partition = partition
        self.cursor = cursor
        self.found = found
        super().__init__(
            f"{topic}/{partition} was folded up to offset {cursor}, but {found}."
            " The log lost records: stop the writers and see docs/OPERATIONS.md,"
            " 'The log lost something'."
        )


class NotRestorable(EventStoreError):
    """What a partition lost cannot be put back as it was, or not now; the message says what to do instead."""

    code = "not-restorable"
    status = 503

    def __init__(
        self, topic: str, partition: int, offset: int, problem: str, remedy: str
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.problem = problem
        self.remedy = remedy
        where = f"{topic}/{partition} cannot be restored at offset {offset}"
        super().__init__(f"{where}: {problem}. {remedy}")


class LogUnreadable(EventStoreError):
    """A partition holds bytes that cannot be unpacked: they are damaged, or packed in a way that is not read here."""

    code = "log-unreadable"
    status = 503

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        what = f"{topic}/{partition} cannot be unpacked at offset {offset}"
        super().__init__(
            f"{what}: see docs/OPERATIONS.md, 'A partition cannot be read'."
        )


class LogMisconfigured(EventStoreError):
    """A topic is missing or set up so that the log could lose or re-date what it holds."""

    code = "log-misconfigured"
    status = 503

    def __init__(self, topic: str, problem: str, remedy: str) -> None:
        self.topic = topic
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"Topic {topic}: {problem}. {remedy}")


class UnknownRuleVersion(EventStoreError):
    """The log has switched on fold rules that this code does not know."""

    code = "unknown-rule-version"
    status = 503

    def __init__(self, topic: str, partition: int, offset: int, version: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.version = version
        super().__init__(
            f"The log has switched {topic}/{partition} to rule version {version} from offset {offset} on,"
            " which this code does not know. It folds no further there: update the code."
        )


class MirrorDiverged(EventStoreError):
    """The mirror holds something else than the log at the same place."""

    code = "mirror-diverged"
    status = 503

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        super().__init__(
            f"The mirror of {topic}/{partition} differs from the log at offset {offset}."
            " Run `verify`; if the log is right, `rebuild_index`."
        )


class SnapshotDrifted(EventStoreError):
    """Snapshots say something else than a replay of their events; they are set aside, and nobody loads them again."""

    code = "snapshot-drifted"
    status = 500

    def __init__(self, snapshots: int) -> None:
        self.snapshots = snapshots
        super().__init__(
            f"{snapshots} snapshots have drifted and were set aside: log lines (`snapshot-drifted`) name them."
            " See docs/guide/SNAPSHOTS.md, 'A snapshot has drifted'."
        )


class VerificationFailed(EventStoreError):
    """Log, mirror, index and heads do not agree."""

    code = "verification-failed"
    status = 500

    def __init__(self, differences: int) -> None:
        self.differences = differences
        super().__init__(
            f"Log, mirror, index and heads differ in {differences} places. Run `verify`, which names them."
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


class SnapshotNotWritten(EventStoreError):
    """The topic of the snapshots did not take them; they are built again later, and nothing else depends on it."""

    code = "snapshot-not-written"
    status = 503

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Snapshots were not written ({reason}). Builders make them later; if their topic is missing,"
            " run `manage.py create_topics`."
        )


class SubscriptionNotFound(EventStoreError):
    """No subscription has that name."""

    code = "subscription-not-found"
    status = 404

    def __init__(self, name: str, *, there_are: Sequence[str]) -> None:
        self.name = name
        self.there_are = there_are
        names = ", ".join(there_are) or "none yet: `manage.py subscriptions run`"
        super().__init__(f"No subscription is named {name}. There are: {names}.")


class SubscriptionSuperseded(EventStoreError):
    """A newer version of a subscription's code has taken over; the older one handles nothing any more."""

    code = "subscription-superseded"
    status = 409

    def __init__(self, name: str, *, version: int, newest: int) -> None:
        self.name = name
        self.version = version
        self.newest = newest
        super().__init__(
            f"Version {newest} of subscription {name} has taken over; this process has version {version}."
            " Stop the processes that run the older code."
        )


class SubscriptionBehind(EventStoreError):
    """The subscription did not come to the position in time; it goes on by itself."""

    code = "subscription-behind"
    status = 503

    def __init__(self, name: str, *, position: str, records: int) -> None:
        self.name = name
        self.position = position
        self.records = records
        super().__init__(
            f"Subscription {name} has not handled {position} yet: {records} records lie before it. The write stands."
            " Answer without it, or wait again. Does a worker run (`manage.py subscriptions run`), and is the"
            " subscription not paused?"
        )


class StreamParked(EventStoreError):
    """A subscription's handler failed on an event of the stream, and on every retry; later events of that stream wait."""

    code = "stream-parked"
    status = 503

    def __init__(self, name: str, stream_id: str, *, version: int, error: str) -> None:
        self.name = name
        self.stream_id = stream_id
        self.version = version
        self.error = error
        super().__init__(
            f"Subscription {name} failed on version {version} of {stream_id} ({error}); later events of that stream wait."
            " Put the cause right, then `manage.py subscriptions replay`, or `skip` the event with a reason."
        )


class StreamNotParked(EventStoreError):
    """The stream is not parked in that subscription."""

    code = "stream-not-parked"
    status = 404

    def __init__(self, name: str, stream_id: str) -> None:
        self.name = name
        self.stream_id = stream_id
        super().__init__(
            f"Stream {stream_id} is not parked in subscription {name}: it went on, or never waited."
        )


class ProjectionNotReady(EventStoreError):
    """A version of a projection cannot be built, compared or switched as things stand."""

    code = "projection-not-ready"
    status = 409

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"Projection {name} stays as it is: {reason}.")


class ProjectionsDiffer(EventStoreError):
    """Two versions of a projection hold different rows on the same cut; nothing was switched."""

    code = "projections-differ"
    status = 409

    def __init__(self, name: str, *, tables: Sequence[str]) -> None:
        self.name = name
        self.tables = tables
        super().__init__(
            f"The two versions of projection {name} differ in {', '.join(tables)}; nothing was switched."
            " If that is what the new version is for, switch with --accept-differences."
        )


class SubjectErased(EventStoreError):
    """The keys of the person that the event is about were destroyed."""

    code = "subject-erased"
    status = 410

    def __init__(self) -> None:
        super().__init__("The subject of this event was erased; nothing was written.")


class KeyStoreUnavailable(EventStoreError):
    """The key store does not answer; what needs its keys has to wait."""

    code = "key-store-unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__("The key store does not answer. Try again later.")


class DatabaseUnfit(EventStoreError):
    """The PostgreSQL that answers is none on which a store can be kept; nothing was done."""

    code = "database-unfit"
    status = 503

    def __init__(self, problem: str, hint: str, *, id: str) -> None:  # noqa: A002  (as of a check)
        self.problem = problem
        self.hint = hint
        self.id = id  # the id of the system check that says the same
        super().__init__(f"{problem} {hint}")

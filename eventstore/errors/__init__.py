"""Everything that the event store refuses or cannot do, named by what the caller should do.

Each branch can be caught. One that stands in two of them is drawn in both.

    EventStoreError
    ├── Refused                           nothing was written by this call: do what the message says, then ask again
    │   ├── InvalidStreamId               put the id right
    │   ├── InvalidEvent                  put the event right
    │   ├── CommitTooLarge                split it, or keep the large thing elsewhere
    │   ├── SubjectErased                 the subject's keys are gone; stop
    │   ├── FutureInstant                 ask for a time that has come
    │   ├── CutBeyondEnd                  the cut is of another log: take one that this store has given
    │   ├── UnderHold                     a legal hold stands against it: it is lifted by two people, or one waits
    │   ├── AlreadyErased                 it was done under another request, which the message names
    │   ├── SecondPersonMissing           name another person as the one who approves
    │   ├── HoldNotLiftable               wait for the day that it names
    │   ├── HoldRefused                   take another id, or leave it: the message says which
    │   └── LogUnavailable                wait and append again; no copy was ever sent. Appends alone raise it
    ├── Decided                           by the log, for ever: a new commit takes a new id
    │   ├── WrongExpectedVersion          load again, decide again, under a new commit id
    │   ├── EventIdReused                 the stream has this event already
    │   └── CommitIdReused                the id belongs to another commit; take a new one
    ├── Retryable                         it passes: ask again in a moment, an append under the same commit id
    │   ├── LogUnavailable                as above
    │   ├── AppendOutcomeUnknown          ask `outcome`, or append again with the same commit id
    │   ├── Unanswered                    nothing is promised of what was written
    │   │   ├── LogUnanswered             wait and ask again, or do what the message says
    │   │   └── DatabaseUnanswered        wait and ask again, or do what the message says
    │   ├── KeyStoreUnavailable           wait and try again
    │   ├── IndexIncomplete               wait a moment: the index is catching up
    │   │   └── PartitionSetAside         its streams cannot be read until its partition goes on; an operator knows
    │   ├── IndexRebuilt                  begin again: what was read before and after does not fit together
    │   ├── SnapshotNotWritten            nobody waits for it: it is built later
    │   └── SubscriptionBehind            it goes on by itself: answer without it, or ask again
    ├── NeedsOperator                     it does not pass by itself: somebody has to do what the message says
    │   ├── PartitionStopped              one partition stops, the others go on
    │   │   ├── LogTruncated              stop writing; an operator must look (docs/OPERATIONS.md)
    │   │   ├── LogUnreadable             an operator must look
    │   │   ├── UnknownRuleVersion        update the code: the log uses rules that it does not know
    │   │   └── MirrorDiverged            an operator must look: `verify`, then `rebuild_index`
    │   ├── LogMisconfigured              stop writing; the message says what to put right
    │   ├── NotRestorable                 do what the message says; what is in the mirror stays there
    │   ├── PartitionSetAside             as above
    │   ├── SnapshotDrifted               an operator must look: `apply` is not what it was (docs/guide/SNAPSHOTS.md)
    │   ├── LineageUnreadable             update the code, or register the types: an event may be a hold
    │   ├── VerificationFailed            an operator must look: run `verify`, which names the places
    │   ├── AccessNotRecorded             have it recorded who looks; nothing was opened
    │   ├── StoreUnsealed                 export it with the version that made it, import it into a new store
    │   ├── DatabaseUnfit                 the message says what PostgreSQL must be, or who stands in between
    │   ├── StreamParked                  look at what failed, then replay or skip it
    │   ├── ProjectionNotReady            do what the message says; what is read stays as it is
    │   └── ProjectionsDiffer             look at what differs; switch all the same if that is what was meant
    ├── NotFound                          name one that there is, or take it for new
    │   ├── StreamNotFound                nothing was ever accepted under that id
    │   ├── VersionNotFound               the stream has not come so far
    │   ├── SubscriptionNotFound          name one that there is
    │   ├── HoldNotFound                  look at the list of holds again
    │   ├── RequestNotFound               look at the request's id again
    │   └── StreamNotParked               nothing of that stream waits: look at the list again
    ├── UnreadableEvent                   the stream's other readers go on; register the type or its upcaster
    ├── StateNotStorable                  the state needs another form; without it all works, but slower
    │   └── StateWithheld                 it holds what is sealed or erased: loads replay, which is all right
    ├── SubscriptionSuperseded            stop: a newer version of its code has taken over
    └── OwnRecordMalformed                an error of this code: report it

A class's first docstring line is what happened, `code` is stable and public, facts are attributes. No
message carries a payload or a name.
"""

from __future__ import annotations

from eventstore.errors.appending import (
    AppendOutcomeUnknown,
    CommitIdReused,
    CommitTooLarge,
    EventIdReused,
    InvalidEvent,
    InvalidStreamId,
    LogUnavailable,
    OwnRecordMalformed,
    SubjectErased,
    WrongExpectedVersion,
)
from eventstore.errors.beneath import (
    AccessNotRecorded,
    DatabaseUnanswered,
    DatabaseUnfit,
    KeyStoreUnavailable,
    LogMisconfigured,
    LogTruncated,
    LogUnanswered,
    LogUnreadable,
    MirrorDiverged,
    NotRestorable,
    StoreUnsealed,
    UnknownRuleVersion,
    VerificationFailed,
)
from eventstore.errors.branches import (
    Decided,
    EventStoreError,
    NeedsOperator,
    NotFound,
    PartitionStopped,
    Refused,
    Retryable,
    Unanswered,
)
from eventstore.errors.following import (
    ProjectionNotReady,
    ProjectionsDiffer,
    StreamNotParked,
    StreamParked,
    SubscriptionBehind,
    SubscriptionNotFound,
    SubscriptionSuperseded,
)
from eventstore.errors.privacy import (
    AlreadyErased,
    HoldNotFound,
    HoldNotLiftable,
    HoldRefused,
    LineageUnreadable,
    RequestNotFound,
    SecondPersonMissing,
    UnderHold,
)
from eventstore.errors.reading import (
    CutBeyondEnd,
    FutureInstant,
    IndexIncomplete,
    IndexRebuilt,
    PartitionSetAside,
    SnapshotDrifted,
    SnapshotNotWritten,
    StateNotStorable,
    StateWithheld,
    StreamNotFound,
    UnreadableEvent,
    VersionNotFound,
)

__all__ = [
    "AccessNotRecorded",
    "AlreadyErased",
    "AppendOutcomeUnknown",
    "CommitIdReused",
    "CommitTooLarge",
    "CutBeyondEnd",
    "DatabaseUnanswered",
    "DatabaseUnfit",
    "Decided",
    "EventIdReused",
    "EventStoreError",
    "FutureInstant",
    "HoldNotFound",
    "HoldNotLiftable",
    "HoldRefused",
    "IndexIncomplete",
    "IndexRebuilt",
    "InvalidEvent",
    "InvalidStreamId",
    "KeyStoreUnavailable",
    "LineageUnreadable",
    "LogMisconfigured",
    "LogTruncated",
    "LogUnanswered",
    "LogUnavailable",
    "LogUnreadable",
    "MirrorDiverged",
    "NeedsOperator",
    "NotFound",
    "NotRestorable",
    "OwnRecordMalformed",
    "PartitionSetAside",
    "PartitionStopped",
    "ProjectionNotReady",
    "ProjectionsDiffer",
    "Refused",
    "RequestNotFound",
    "Retryable",
    "SecondPersonMissing",
    "SnapshotDrifted",
    "SnapshotNotWritten",
    "StateNotStorable",
    "StateWithheld",
    "StoreUnsealed",
    "StreamNotFound",
    "StreamNotParked",
    "StreamParked",
    "SubjectErased",
    "SubscriptionBehind",
    "SubscriptionNotFound",
    "SubscriptionSuperseded",
    "Unanswered",
    "UnderHold",
    "UnknownRuleVersion",
    "UnreadableEvent",
    "VerificationFailed",
    "VersionNotFound",
    "WrongExpectedVersion",
]

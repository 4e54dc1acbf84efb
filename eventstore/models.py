"""The PostgreSQL tables: mirror, index, heads and cursors, all rebuilt from the log at will; snapshots; the embedded log.

Only fold, create, rebuild and restore write Partition, Record, Stream and Event, and no foreign key points at
them (rule 9). All of it is read and written by SQL (`tests/guards/test_tables.py` has the rooms); the models are for migrations.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from eventstore.protocol.fold import DECIDING, Verdict
from eventstore.protocol.positions import partition_number_of


class Partition(models.Model):
    """How far one partition of the log is folded, and what a fold must know to go on (rule 10).

    id: type number · 512 + partition. generation: new at create, rebuild and restore.
    last_recorded_at: ms; the fold's state, as is rule_version.
    """

    id = models.IntegerField(primary_key=True)
    topic = models.TextField()
    partition = models.SmallIntegerField()
    partitions = models.SmallIntegerField()
    topic_id = models.TextField()
    generation = models.UUIDField()
    cursor = models.BigIntegerField(default=0)
    last_recorded_at = models.BigIntegerField(default=0)
    rule_version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "partition"], name="eventstore_partition_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Record(models.Model):
    """The mirror: every record of the log, byte for byte, with its verdict. Key: the position with index 0."""

    position = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField()
    verdict = models.SmallIntegerField(choices=[(v.value, v.word) for v in Verdict])
    reason = models.TextField(null=True)  # noqa: DJ001  (absent is not empty)
    head = models.IntegerField(null=True)
    commit_id = models.UUIDField(null=True)
    stream_id = models.TextField(null=True)  # noqa: DJ001
    first_version = models.IntegerField(null=True)
    event_count = models.SmallIntegerField(null=True)
    key = models.BinaryField(null=True)
    value = models.BinaryField(null=True)
    hash = models.BinaryField()

    class Meta:
        constraints = [
            # also how a stream is read
            models.UniqueConstraint(
                fields=["stream_id", "first_version"],
                name="eventstore_record_stream",
                condition=Q(first_version__isnull=False),
            ),
            # also how a commit is looked up, with or without its stream
            models.UniqueConstraint(
                fields=["commit_id", "stream_id"],
                name="eventstore_record_commit",
                condition=Q(verdict__in=[v.value for v in DECIDING]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["position"],
                name="eventstore_record_malformed",
                condition=Q(verdict=Verdict.MALFORMED.value),
            )
        ]

    def __str__(self) -> str:
        return str(self.position)


class Stream(models.Model):
    """The heads. A row appears with the stream's first accepted commit."""

    stream_id = models.TextField(primary_key=True)
    type_number = models.SmallIntegerField()
    version = models.IntegerField()
    first_recorded_at = models.DateTimeField()
    last_recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Both on what never changes again, so that a new head is a heap-only update. Rising, so that new rows go
            # to the right end. See Event for the NULLS FIRST.
            models.Index(
                fields=["type_number", "first_recorded_at", "stream_id"],
                name="eventstore_stream_type",
            ),
            models.Index(
                F("first_recorded_at").asc(nulls_first=True),
                F("stream_id").asc(nulls_first=True),
                name="eventstore_stream_newest",
            ),
        ]

    def __str__(self) -> str:
        return self.stream_id


class Event(models.Model):
    """The index: what makes accepted events findable. Metadata only; the payload stands in the mirror."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField()
    stream_id = models.TextField()
    version = models.IntegerField()
    event_type = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    correlation_id = models.UUIDField(null=True)
    causation_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream_id", "version"], name="eventstore_event_version"
            ),
            # unique per stream only: no constraint spans streams (rule 1)
            models.UniqueConstraint(
                fields=["event_id", "stream_id"], name="eventstore_event_id"
            ),
        ]
        indexes = [
            # There are no nulls; but so only a list of everything finds its order here. A list of one type would
            # otherwise be read from this index and filtered, which is endless where the type is common but old.
            models.Index(
                F("recorded_at").asc(nulls_first=True),
                F("position").asc(nulls_first=True),
                name="eventstore_event_time",
            ),
            models.Index(
                fields=["event_type", "recorded_at", "position"],
                name="eventstore_event_type",
            ),
            models.Index(
                fields=["correlation_id", "recorded_at", "position"],
                name="eventstore_event_correlation",
                condition=Q(correlation_id__isnull=False),
            ),
            models.Index(
                fields=["causation_id", "recorded_at", "position"],
                name="eventstore_event_causation",
                condition=Q(causation_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.version}"


class IndexComplete(models.Model):
    """One row while the index holds all that was acknowledged; unlogged, so a crash of PostgreSQL removes it (rule 16).

    without: partitions that had stopped and were set aside: of them nobody knows, and nobody reads.
    """

    id = models.SmallIntegerField(primary_key=True)
    without = ArrayField(models.IntegerField(), default=list, db_default=[])

    def __str__(self) -> str:
        return "complete"


class UnsealedStore(models.Model):
    """One row where the store was there before sensitive fields were sealed: nobody reads it or writes to it any more."""

    id = models.SmallIntegerField(primary_key=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return "unsealed"


class StoppedPartition(models.Model):
    """A partition that is not folded any further until a person has done something; by whoever folds. Gone when it goes on."""

    partition = models.IntegerField(primary_key=True)
    code = models.TextField()
    cause = models.TextField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.partition}: {self.code}"


class PartitionAct(models.Model):
    """What a person decided of a stopped partition, and why. Only added to; the last of a partition holds."""

    id = models.BigAutoField(primary_key=True)
    partition = models.IntegerField()
    act = models.TextField()  # "set_aside" or "taken_back"
    reason = models.TextField()
    done_by = models.TextField()
    done_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.partition}: {self.act}"


class Snapshot(models.Model):
    """The state of an aggregate at a version, as some code made it. All are kept; what none was made for is replayed.

    The key is its one index: a stream's newest by the code that asks, at or below a version, is one step in it.
    event_id, position: of the event at that version when it was made; another there now makes the row worthless.
    key_id: under which the state is sealed, nonce and box, if it was made of opened fields; null: it is JSON, of open ones.
    mac: over all of it but drifted, under a key of this store; another one makes the row worthless, too.
    drifted: a replay said otherwise, so nobody loads it.
    """

    pk = models.CompositePrimaryKey(
        "stream_id", "state_schema", "code", "version", "event_id"
    )
    stream_id = models.TextField()
    state_schema = models.IntegerField()
    code = models.BinaryField()
    version = models.IntegerField()
    event_id = models.UUIDField()
    position = models.BigIntegerField()
    key_id = models.UUIDField(null=True)
    state = models.BinaryField()
    mac = models.BinaryField()
    drifted = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # what is taken out when a key is destroyed
            models.Index(
                fields=["key_id"],
                name="eventstore_snapshot_key",
                condition=Q(key_id__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.version}"


class SnapshotPartition(models.Model):
    """How far one partition of a `snapshots.{type}` topic is read into `Snapshot`. id: as that of `Partition`."""

    id = models.IntegerField(primary_key=True)
    topic = models.TextField()
    topic_id = models.TextField()
    cursor = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.topic} {partition_number_of(self.id)}"


class SnapshotBuild(models.Model):
    """How far one partition's events are looked through for snapshots that are due, by one code and frequency.

    Old and new code, at work at the same time, have a row each. cursor: the packed position of the next event to look
    at. generation: the partition's; another one there now means that the events are not those that were looked at.
    """

    pk = models.CompositePrimaryKey("partition_id", "state_schema", "code", "frequency")
    partition_id = models.IntegerField()
    state_schema = models.IntegerField()
    code = models.BinaryField()
    frequency = models.IntegerField()
    cursor = models.BigIntegerField()
    generation = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.partition_id} {self.cursor}"


class SnapshotFailure(models.Model):
    """A stream of which one code could not make a snapshot: why, and at which version. Gone when it could."""

    pk = models.CompositePrimaryKey("stream_id", "state_schema", "code")
    stream_id = models.TextField()
    state_schema = models.IntegerField()
    code = models.BinaryField()
    partition_id = models.IntegerField()
    version = models.IntegerField()
    error = models.TextField()
    detail = models.TextField()
    failed_at = models.DateTimeField()
    attempts = models.IntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(
                fields=["partition_id", "state_schema", "code", "failed_at"],
                name="eventstore_snapshotfailure_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.version}"


class LogTopic(models.Model):
    """A topic of the embedded log."""

    name = models.TextField(unique=True)
    topic_id = models.UUIDField()
    partitions = models.SmallIntegerField()

    def __str__(self) -> str:
        return self.name


class LogTail(models.Model):
    """The next offset of one partition of the embedded log; locked by whoever appends."""

    pk = models.CompositePrimaryKey("topic", "partition")
    topic = models.SmallIntegerField()
    partition = models.SmallIntegerField()
    next_offset = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class LogRecord(models.Model):
    """The embedded log itself. Append only: a trigger refuses UPDATE and DELETE."""

    pk = models.CompositePrimaryKey("topic", "partition", "offset")
    topic = models.SmallIntegerField()
    partition = models.SmallIntegerField()
    offset = models.BigIntegerField()
    recorded_at = models.BigIntegerField()
    key = models.BinaryField(null=True)
    value = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class JobRun(models.Model):
    """A run of a scheduled job, or all those between two that did not happen (outcome "missed").

    due, until: when it was due, and the last such time that came while it was at work; if missed the first and the last.
    runs: how many those are, if missed.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.TextField()
    due = models.DateTimeField()
    until = models.DateTimeField()
    runs = models.IntegerField(default=1)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    scope = models.TextField()
    counts = models.JSONField()
    outcome = models.TextField()
    error = models.TextField(null=True)  # noqa: DJ001  (absent is not empty)

    class Meta:
        indexes = [
            models.Index(fields=["job", "-due", "-id"], name="eventstore_jobrun_job"),
            # See Event for the NULLS: a job's own runs must not be looked for among those of all.
            models.Index(
                F("due").desc(nulls_last=True),
                F("id").desc(nulls_last=True),
                name="eventstore_jobrun_newest",
            ),
            models.Index(fields=["outcome", "due"], name="eventstore_jobrun_old"),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.due}"


class Subscription(models.Model):
    """Somebody who follows the log under a name. version: of the code that may; born: the cut at which it was made."""

    name = models.TextField(primary_key=True)
    version = models.IntegerField()
    wants = models.TextField()
    born = models.TextField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Checkpoint(models.Model):
    """How far a subscription has handled one partition; moved in the transaction of what its handler wrote.

    cursor: the next offset that is not handled. first_time_from: below it everything was handled before, so that nothing
    happens twice outside of the database. rate: records a second, lately.
    """

    pk = models.CompositePrimaryKey("subscription", "partition_id")
    subscription = models.TextField()
    partition_id = models.IntegerField()
    version = models.IntegerField()
    cursor = models.BigIntegerField()
    first_time_from = models.BigIntegerField(default=0)
    paused = models.BooleanField(default=False)
    handled = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    rate = models.FloatField(default=0.0)
    moved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.subscription} {self.partition_id} {self.cursor}"


class ParkedStream(models.Model):
    """A stream that a subscription cannot get on with: its later events wait behind this one, in order.

    position: packed, of the event that failed. error: a code or a class's name; place: the line that raised it.
    retry_at: when it is tried again; absent if nobody will until somebody says so.
    """

    pk = models.CompositePrimaryKey("subscription", "stream_id")
    subscription = models.TextField()
    stream_id = models.TextField()
    partition_id = models.IntegerField()
    position = models.BigIntegerField()
    version = models.IntegerField()
    event_type = models.TextField()
    error = models.TextField()
    place = models.TextField()
    attempts = models.IntegerField()
    failed_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # what is due; a null is never due, and stands behind all that are
            models.Index(
                fields=["subscription", "partition_id", "retry_at"],
                name="eventstore_parked_due",
            ),
            # how they are listed: by what says nothing of anybody
            models.Index(
                fields=["subscription", "position"], name="eventstore_parked_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription} {self.stream_id}"


class SubscriptionAction(models.Model):
    """What a person had a subscription do, and why. Kept for good."""

    id = models.BigAutoField(primary_key=True)
    subscription = models.TextField()
    action = models.TextField()
    stream_id = models.TextField(null=True)  # noqa: DJ001  (absent is not empty)
    position = models.BigIntegerField(null=True)
    detail = models.TextField()
    reason = models.TextField()
    done_by = models.TextField()
    done_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["subscription", "-id"], name="eventstore_action_newest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscription} {self.action}"


class BlindDigest(models.Model):
    """A stream in a blind index. digest: HMAC of the newest value; key: that with which the value's event is sealed."""

    pk = models.CompositePrimaryKey("name", "stream_id")
    name = models.TextField()
    stream_id = models.TextField()
    version = models.IntegerField()
    key = models.UUIDField()
    digest = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["name", "digest"], name="eventstore_blind_digest"),
            models.Index(fields=["key"], name="eventstore_blind_key"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.stream_id}"

"""The rows, one a fact. Only the projections write them, and everything in them can be made again from the log.

Columns named `…_at` are when the log took the event that set them (`recorded_at`), so that they can be compared with each
other and with a cut; `…_occurred_at` is when it happened by its writer's clock. `…_position` is that event, packed.
Sensitive fields are kept nowhere: who may see them opens them in the event.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

BEGINNING_OF_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where nobody knows when a violation's time is over, so that it comes first."""


class State(models.TextChoices):
    """Where a violation stands, as `teddy_es.domain.violations.follow` has it."""

    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Child(models.Model):
    """A child that something is known of. known: its first event; parent_id: of the newest registration, absent where there is none."""

    child_id = models.TextField(primary_key=True)
    parent_id = models.TextField(null=True)  # noqa: DJ001  (absent is not empty)
    language = models.TextField(null=True)  # noqa: DJ001
    registered_at = models.DateTimeField(null=True)
    registered_position = models.BigIntegerField(null=True)
    known_at = models.DateTimeField()
    known_position = models.BigIntegerField()

    objects: ClassVar[models.Manager[Child]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["parent_id", "child_id"], name="people_child_parent"),
            models.Index(fields=["known_at", "child_id"], name="people_child_newest"),
            models.Index(
                fields=["language", "known_at", "child_id"],
                name="people_child_language",
            ),
            models.Index(
                fields=["registered_at", "child_id"], name="people_child_registered"
            ),
            models.Index(
                fields=["language", "registered_at", "child_id"],
                name="people_child_lang_reg",
            ),
        ]

    def __str__(self) -> str:
        return self.child_id


class Conversation(models.Model):
    """A conversation. child_id: of its first event. names_others: whether an event of it is about another child.

    unscreened: versions of the messages that no safety filter has judged; messages counts those that it has, too.
    """

    conversation_id = models.TextField(primary_key=True)
    child_id = models.TextField()
    names_others = models.BooleanField(default=False)
    language = models.TextField(null=True)  # noqa: DJ001
    started_at = models.DateTimeField(null=True)
    started_occurred_at = models.DateTimeField(null=True)
    started_position = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_occurred_at = models.DateTimeField(null=True)
    ended_position = models.BigIntegerField(null=True)
    end_reason = models.TextField(null=True)  # noqa: DJ001
    messages = models.IntegerField(default=0)
    unscreened = ArrayField(models.IntegerField(), default=list)
    known_at = models.DateTimeField()
    known_position = models.BigIntegerField()

    objects: ClassVar[models.Manager[Conversation]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["child_id", "known_at", "conversation_id"],
                name="people_conversation_child",
            )
        ]

    def __str__(self) -> str:
        return self.conversation_id


class Violation(models.Model):
    """What was found about a child's safety, and where it stands. Its id is unique within the child.

    Times and officers are of the newest event of their kind; a reopened violation has those from before until they come anew.
    version: of its newest event; act_version: of the newest that somebody did, so no level of the clock. began_at, period_s, due_at,
    next_level_at: its clock, as `teddy_es.domain.deadlines` has it; queue_at: due_at, and the beginning of time where nobody knows it.
    was_late: whether it was decided too late before it was reopened. proposal_version: of the decision that waits for a second
    person, asked for in the stream `approval.{approval_id}`.
    """

    pk = models.CompositePrimaryKey("child_id", "violation_id")
    child_id = models.TextField()
    violation_id = models.TextField()
    category = models.TextField()
    severity = models.TextField()
    detector = models.TextField()
    conversation_id = models.TextField(null=True)  # noqa: DJ001
    message_id = models.TextField(null=True)  # noqa: DJ001
    state = models.TextField(choices=State.choices)
    levels = ArrayField(models.TextField(), default=list)
    detected_at = models.DateTimeField()
    detected_occurred_at = models.DateTimeField()
    detected_position = models.BigIntegerField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_position = models.BigIntegerField(null=True)
    acknowledged_by = models.TextField(null=True)  # noqa: DJ001
    claimed_at = models.DateTimeField(null=True)
    claimed_position = models.BigIntegerField(null=True)
    claimed_by = models.TextField(null=True)  # noqa: DJ001
    decided_at = models.DateTimeField(null=True)
    decided_position = models.BigIntegerField(null=True)
    decided_by = models.TextField(null=True)  # noqa: DJ001
    outcome = models.TextField(null=True)  # noqa: DJ001
    clause = models.TextField(null=True)  # noqa: DJ001
    reopened_at = models.DateTimeField(null=True)
    reopened_position = models.BigIntegerField(null=True)
    version = models.IntegerField(default=0, db_default=0)
    act_version = models.IntegerField(default=0, db_default=0)
    began_at = models.DateTimeField(null=True)
    period_s = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    queue_at = models.DateTimeField(
        default=BEGINNING_OF_TIME, db_default=BEGINNING_OF_TIME
    )
    next_level_at = models.DateTimeField(null=True)
    was_late = models.BooleanField(default=False, db_default=False)
    proposal_version = models.IntegerField(null=True)
    approval_id = models.TextField(null=True)  # noqa: DJ001

    objects: ClassVar[models.Manager[Violation]] = models.Manager()

    class Meta:
        indexes = [
            # children with an open one
            models.Index(
                fields=["child_id"],
                name="people_violation_waiting",
                condition=~Q(state=State.RESOLVED),
            ),
            models.Index(
                fields=["child_id", "detected_at", "violation_id"],
                name="people_violation_child",
            ),
            models.Index(fields=["violation_id"], name="people_violation_id"),
            # what waits for somebody, by the end of its time: of all, and by what the queue is narrowed by
            *(
                models.Index(
                    fields=[*narrowed, "queue_at", "child_id", "violation_id"],
                    name=f"people_violation_{name}",
                    condition=~Q(state=State.RESOLVED),
                )
                for name, narrowed in {
                    "open": [],
                    "severity": ["severity"],
                    "category": ["category"],
                    "detector": ["detector"],
                    "claimed": ["claimed_by"],
                }.items()
            ),
            # what is decided, by when: likewise
            models.Index(
                fields=["decided_at", "child_id", "violation_id"],
                name="people_violation_closed",
                condition=Q(state=State.RESOLVED),
            ),
            *(
                models.Index(
                    fields=[narrowed, "decided_at", "child_id", "violation_id"],
                    name=f"people_closed_{narrowed}",
                    condition=Q(state=State.RESOLVED),
                )
                for narrowed in ("severity", "category", "detector")
            ),
            models.Index(
                fields=["queue_at", "child_id", "violation_id"],
                name="people_violation_proposed",
                condition=Q(proposal_version__isnull=False),
            ),
            models.Index(
                fields=["next_level_at", "child_id", "violation_id"],
                name="people_violation_level",
                condition=Q(next_level_at__isnull=False),
            ),
            # the record of a month, from the index alone
            models.Index(
                fields=["detected_at", "severity"],
                include=["state", "due_at", "decided_at", "was_late"],
                name="people_violation_month",
            ),
            models.Index(
                fields=["conversation_id"],
                name="people_violation_talk",
                condition=Q(conversation_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} {self.violation_id}"


class ViolationStep(models.Model):
    """One event about a violation: what was found, and each thing that was done about it. version: in the child's stream.

    name: of the event. by: who did it, absent where it was a detector or the clock. said: the level or the outcome.
    """

    pk = models.CompositePrimaryKey("child_id", "version")
    child_id = models.TextField()
    version = models.IntegerField()
    violation_id = models.TextField()
    name = models.TextField()
    by = models.TextField(null=True)  # noqa: DJ001
    said = models.TextField(null=True)  # noqa: DJ001
    clause = models.TextField(null=True)  # noqa: DJ001
    recorded_at = models.DateTimeField()
    occurred_at = models.DateTimeField()
    position = models.BigIntegerField()

    objects: ClassVar[models.Manager[ViolationStep]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["child_id", "violation_id", "version"],
                name="people_violationstep_of",
            )
        ]

    def __str__(self) -> str:
        return f"{self.child_id} {self.version}"


class Approval(models.Model):
    """The newest request for a second person about one thing. version: of its stream; request_version: of the request in it.

    object_version: of the thing, as who asked saw it. answers: every yes and no that was ever given here, see `audit.people.approvals`.
    """

    class State(models.TextChoices):
        """How it stands."""

        WAITING = "waiting"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"
        DONE = "done"
        OVERTAKEN = "overtaken"

    approval_id = models.TextField(primary_key=True)
    version = models.IntegerField()
    request_version = models.IntegerField()
    kind = models.TextField()
    object = models.TextField()
    object_version = models.IntegerField(null=True)
    requested_by = models.TextField()
    requested_at = models.DateTimeField()
    requested_position = models.BigIntegerField()
    expires_at = models.DateTimeField()
    state = models.TextField(choices=State.choices)
    decided_by = models.TextField(null=True)  # noqa: DJ001
    decided_at = models.DateTimeField(null=True)
    answers = models.JSONField(default=list)
    changed_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Approval]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["requested_at", "approval_id"],
                name="people_approval_waiting",
                condition=Q(state="waiting"),
            ),
            models.Index(
                fields=["expires_at", "approval_id"],
                name="people_approval_expires",
                condition=Q(state="waiting"),
            ),
            models.Index(
                fields=["decided_at", "approval_id"],
                name="people_approval_agreed",
                condition=Q(state="approved"),
            ),
        ]

    def __str__(self) -> str:
        return self.approval_id


class Consent(models.Model):
    """What a parent allowed for a child: a row each time. version: of the event, in the parent's stream.

    It holds from granted to withdrawn, or to replaced (the same was granted anew, under another policy).
    """

    pk = models.CompositePrimaryKey("parent_id", "version")
    parent_id = models.TextField()
    version = models.IntegerField()
    child_id = models.TextField()
    scope = models.TextField()
    policy_version = models.TextField()
    granted_at = models.DateTimeField()
    granted_position = models.BigIntegerField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_position = models.BigIntegerField(null=True)
    replaced_at = models.DateTimeField(null=True)
    replaced_position = models.BigIntegerField(null=True)

    objects: ClassVar[models.Manager[Consent]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["child_id", "granted_at", "parent_id", "version"],
                name="people_consent_child",
            )
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} {self.version}"


class Screening(models.Model):
    """A safety filter has judged a message: a row each time. version: of that event; message_version: of the message in the same stream."""

    pk = models.CompositePrimaryKey("conversation_id", "version")
    conversation_id = models.TextField()
    version = models.IntegerField()
    child_id = models.TextField()
    message_version = models.IntegerField()
    detector = models.TextField()
    policy_version = models.TextField()
    recorded_at = models.DateTimeField()
    position = models.BigIntegerField()

    objects: ClassVar[models.Manager[Screening]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["conversation_id", "message_version", "version"],
                name="people_screening_message",
            )
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.version}"


class Lane(models.TextChoices):
    """What a fact of a child's life is about: its line on the child's axis."""

    CONSENT = "consent"
    CONVERSATION = "conversation"
    VIOLATION = "violation"
    CHANGE = "change"
    PRIVACY = "privacy"
    EXPORT = "export"
    VIEW = "view"


class Fact(models.Model):
    """One point on a child's axis: an event, or a day of UTC on which staff looked.

    position: the event's, packed; of a day its number since 1970, which no event has. kind: the event's type, `Mentioned`
    for a conversation of another child in which this one is named, `Views` for a day. version: in the event's stream.
    about: what the event says in clear, ids and codes. conversation_id: where the fact is a conversation.
    """

    pk = models.CompositePrimaryKey("child_id", "position")
    child_id = models.TextField()
    position = models.BigIntegerField()
    lane = models.TextField(choices=Lane.choices)
    kind = models.TextField()
    version = models.IntegerField()
    recorded_at = models.DateTimeField()
    occurred_at = models.DateTimeField()
    about = models.JSONField(default=dict)
    conversation_id = models.TextField(null=True)  # noqa: DJ001

    objects: ClassVar[models.Manager[Fact]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["child_id", "lane", "occurred_at", "position"],
                name="people_fact_happened",
            ),
            models.Index(
                fields=["child_id", "lane", "recorded_at", "position"],
                name="people_fact_recorded",
            ),
            models.Index(
                fields=["conversation_id"],
                name="people_fact_talk",
                condition=Q(conversation_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} {self.position}"


class Access(models.Model):
    """Somebody was about to see data of a person: a row for each person that the event names. Parents never get the actor."""

    pk = models.CompositePrimaryKey("subject", "recorded_at", "position")
    subject = models.TextField()
    recorded_at = models.DateTimeField()
    position = models.BigIntegerField()
    kind = models.TextField()
    purpose = models.TextField()
    actor = models.TextField()
    actor_kind = models.TextField()
    object = models.TextField(null=True)  # noqa: DJ001
    reference = models.TextField(null=True)  # noqa: DJ001

    objects: ClassVar[models.Manager[Access]] = models.Manager()

    class Meta:
        indexes = [
            # who opened what of a conversation: its stream's id, and what stands behind a slash
            models.Index(
                fields=["object"],
                opclasses=["text_pattern_ops"],
                name="people_access_revealed",
                condition=Q(kind="reveal"),
            ),
            models.Index(
                fields=["actor", "recorded_at", "position", "subject"],
                name="people_access_actor",
            ),
            models.Index(
                fields=["subject", "actor_kind", "recorded_at", "position"],
                name="people_access_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.position}"


class HourCount(models.Model):
    """How often something of a kind happened in an hour (UTC, by its writer's clock), as counted in one partition: of nobody in particular."""

    pk = models.CompositePrimaryKey("hour", "kind", "partition_id")
    hour = models.DateTimeField()
    kind = models.TextField()
    partition_id = models.IntegerField()
    count = models.IntegerField()

    objects: ClassVar[models.Manager[HourCount]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.kind}"

"""The read models' tables."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Everything in them is made again from the log."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Access",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subject",
                        "recorded_at",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject", models.TextField()),
                ("recorded_at", models.DateTimeField()),
                ("position", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("purpose", models.TextField()),
                ("actor", models.TextField()),
                ("actor_kind", models.TextField()),
                ("object", models.TextField(null=True)),
                ("reference", models.TextField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["actor", "recorded_at", "position", "subject"],
                        name="people_access_actor",
                    ),
                    models.Index(
                        fields=["subject", "actor_kind", "recorded_at", "position"],
                        name="people_access_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Child",
            fields=[
                ("child_id", models.TextField(primary_key=True, serialize=False)),
                ("parent_id", models.TextField(null=True)),
                ("language", models.TextField(null=True)),
                ("registered_at", models.DateTimeField(null=True)),
                ("registered_position", models.BigIntegerField(null=True)),
                ("known_at", models.DateTimeField()),
                ("known_position", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["parent_id", "child_id"], name="people_child_parent"
                    ),
                    models.Index(
                        fields=["known_at", "child_id"], name="people_child_newest"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "parent_id",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("parent_id", models.TextField()),
                ("version", models.IntegerField()),
                ("child_id", models.TextField()),
                ("scope", models.TextField()),
                ("policy_version", models.TextField()),
                ("granted_at", models.DateTimeField()),
                ("granted_position", models.BigIntegerField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_position", models.BigIntegerField(null=True)),
                ("replaced_at", models.DateTimeField(null=True)),
                ("replaced_position", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["child_id", "granted_at", "parent_id", "version"],
                        name="people_consent_child",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "conversation_id",
                    models.TextField(primary_key=True, serialize=False),
                ),
                ("child_id", models.TextField()),
                ("names_others", models.BooleanField(default=False)),
                ("language", models.TextField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("started_occurred_at", models.DateTimeField(null=True)),
                ("started_position", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_occurred_at", models.DateTimeField(null=True)),
                ("ended_position", models.BigIntegerField(null=True)),
                ("end_reason", models.TextField(null=True)),
                ("messages", models.IntegerField(default=0)),
                (
                    "unscreened",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                ("known_at", models.DateTimeField()),
                ("known_position", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["child_id", "known_at", "conversation_id"],
                        name="people_conversation_child",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Violation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "child_id",
                        "violation_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("child_id", models.TextField()),
                ("violation_id", models.TextField()),
                ("category", models.TextField()),
                ("severity", models.TextField()),
                ("detector", models.TextField()),
                ("conversation_id", models.TextField(null=True)),
                ("message_id", models.TextField(null=True)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("detected", "Detected"),
                            ("acknowledged", "Acknowledged"),
                            ("resolved", "Resolved"),
                        ]
                    ),
                ),
                (
                    "levels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("detected_at", models.DateTimeField()),
                ("detected_occurred_at", models.DateTimeField()),
                ("detected_position", models.BigIntegerField()),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledged_position", models.BigIntegerField(null=True)),
                ("acknowledged_by", models.TextField(null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("claimed_position", models.BigIntegerField(null=True)),
                ("claimed_by", models.TextField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_position", models.BigIntegerField(null=True)),
                ("decided_by", models.TextField(null=True)),
                ("outcome", models.TextField(null=True)),
                ("clause", models.TextField(null=True)),
                ("reopened_at", models.DateTimeField(null=True)),
                ("reopened_position", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["child_id", "detected_at", "violation_id"],
                        name="people_violation_child",
                    ),
                    models.Index(fields=["violation_id"], name="people_violation_id"),
                    models.Index(
                        condition=models.Q(("state", "resolved"), _negated=True),
                        fields=["severity", "detected_at", "child_id", "violation_id"],
                        name="people_violation_open",
                    ),
                    models.Index(
                        condition=models.Q(("conversation_id__isnull", False)),
                        fields=["conversation_id"],
                        name="people_violation_talk",
                    ),
                ],
            },
        ),
    ]

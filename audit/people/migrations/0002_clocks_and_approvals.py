"""Clocks of violations, the steps about them, and requests for a second person."""

from __future__ import annotations

import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    """Rows from before have no clock until the read model is made anew: they come first in the queue."""

    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("approval_id", models.TextField(primary_key=True, serialize=False)),
                ("version", models.IntegerField()),
                ("request_version", models.IntegerField()),
                ("kind", models.TextField()),
                ("object", models.TextField()),
                ("object_version", models.IntegerField(null=True)),
                ("requested_by", models.TextField()),
                ("requested_at", models.DateTimeField()),
                ("requested_position", models.BigIntegerField()),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                            ("done", "Done"),
                            ("overtaken", "Overtaken"),
                        ]
                    ),
                ),
                ("decided_by", models.TextField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("answers", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ViolationStep",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "child_id",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("child_id", models.TextField()),
                ("version", models.IntegerField()),
                ("violation_id", models.TextField()),
                ("name", models.TextField()),
                ("by", models.TextField(null=True)),
                ("said", models.TextField(null=True)),
                ("clause", models.TextField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("occurred_at", models.DateTimeField()),
                ("position", models.BigIntegerField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="violation",
            name="people_violation_open",
        ),
        migrations.AddField(
            model_name="violation",
            name="act_version",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="violation",
            name="approval_id",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="violation",
            name="began_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="violation",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="violation",
            name="next_level_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="violation",
            name="period_s",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="violation",
            name="proposal_version",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="violation",
            name="queue_at",
            field=models.DateTimeField(
                db_default=datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.UTC),
                default=datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.UTC),
            ),
        ),
        migrations.AddField(
            model_name="violation",
            name="version",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="violation",
            name="was_late",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["queue_at", "child_id", "violation_id"],
                name="people_violation_open",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["severity", "queue_at", "child_id", "violation_id"],
                name="people_violation_severity",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["category", "queue_at", "child_id", "violation_id"],
                name="people_violation_category",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["detector", "queue_at", "child_id", "violation_id"],
                name="people_violation_detector",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["claimed_by", "queue_at", "child_id", "violation_id"],
                name="people_violation_claimed",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved")),
                fields=["decided_at", "child_id", "violation_id"],
                name="people_violation_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved")),
                fields=["severity", "decided_at", "child_id", "violation_id"],
                name="people_closed_severity",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved")),
                fields=["category", "decided_at", "child_id", "violation_id"],
                name="people_closed_category",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved")),
                fields=["detector", "decided_at", "child_id", "violation_id"],
                name="people_closed_detector",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("proposal_version__isnull", False)),
                fields=["queue_at", "child_id", "violation_id"],
                name="people_violation_proposed",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("next_level_at__isnull", False)),
                fields=["next_level_at", "child_id", "violation_id"],
                name="people_violation_level",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                fields=["detected_at", "severity"],
                include=("state", "due_at", "decided_at", "was_late"),
                name="people_violation_month",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["requested_at", "approval_id"],
                name="people_approval_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["expires_at", "approval_id"],
                name="people_approval_expires",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("state", "approved")),
                fields=["decided_at", "approval_id"],
                name="people_approval_agreed",
            ),
        ),
        migrations.AddIndex(
            model_name="violationstep",
            index=models.Index(
                fields=["child_id", "violation_id", "version"],
                name="people_violationstep_of",
            ),
        ),
    ]

"""Adds the tables of those who follow the log: who, how far, what they cannot get on with, what people did about it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Safe at any size: new, empty tables, no lock on those that are there. Reversible: who follows begins anew."""

    dependencies = [
        ("eventstore", "0005_job_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subscription",
                        "partition_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subscription", models.TextField()),
                ("partition_id", models.IntegerField()),
                ("version", models.IntegerField()),
                ("cursor", models.BigIntegerField()),
                ("first_time_from", models.BigIntegerField(default=0)),
                ("paused", models.BooleanField(default=False)),
                ("handled", models.BigIntegerField(default=0)),
                ("skipped", models.BigIntegerField(default=0)),
                ("rate", models.FloatField(default=0.0)),
                ("moved_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("name", models.TextField(primary_key=True, serialize=False)),
                ("version", models.IntegerField()),
                ("wants", models.TextField()),
                ("born", models.TextField()),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ParkedStream",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subscription",
                        "stream_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subscription", models.TextField()),
                ("stream_id", models.TextField()),
                ("partition_id", models.IntegerField()),
                ("position", models.BigIntegerField()),
                ("version", models.IntegerField()),
                ("event_type", models.TextField()),
                ("error", models.TextField()),
                ("place", models.TextField()),
                ("attempts", models.IntegerField()),
                ("failed_at", models.DateTimeField()),
                ("retry_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["subscription", "partition_id", "retry_at"],
                        name="eventstore_parked_due",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SubscriptionAction",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subscription", models.TextField()),
                ("action", models.TextField()),
                ("stream_id", models.TextField(null=True)),
                ("position", models.BigIntegerField(null=True)),
                ("detail", models.TextField()),
                ("reason", models.TextField()),
                ("done_by", models.TextField()),
                ("done_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["subscription", "-id"],
                        name="eventstore_action_newest",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            sql="""
                -- room for checkpoints to move within their page (heap-only updates)
                ALTER TABLE eventstore_checkpoint SET (fillfactor = 20);
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]

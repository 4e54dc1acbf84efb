"""Adds the tables of snapshots: the states, how far their topics are read, how far builders are, what they could not."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Safe at any size: new, empty tables, no lock on those that are there. What is due is then found and built."""

    dependencies = [
        ("eventstore", "0003_index_complete"),
    ]

    operations = [
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "stream_id",
                        "state_schema",
                        "code",
                        "version",
                        "event_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("stream_id", models.TextField()),
                ("state_schema", models.IntegerField()),
                ("code", models.BinaryField()),
                ("version", models.IntegerField()),
                ("event_id", models.UUIDField()),
                ("state", models.BinaryField()),
                ("drifted", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="SnapshotBuild",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "partition_id",
                        "state_schema",
                        "code",
                        "frequency",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partition_id", models.IntegerField()),
                ("state_schema", models.IntegerField()),
                ("code", models.BinaryField()),
                ("frequency", models.IntegerField()),
                ("cursor", models.BigIntegerField()),
                ("generation", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="SnapshotPartition",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("topic", models.TextField()),
                ("topic_id", models.TextField()),
                ("cursor", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="SnapshotFailure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "stream_id",
                        "state_schema",
                        "code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("stream_id", models.TextField()),
                ("state_schema", models.IntegerField()),
                ("code", models.BinaryField()),
                ("partition_id", models.IntegerField()),
                ("version", models.IntegerField()),
                ("error", models.TextField()),
                ("detail", models.TextField()),
                ("failed_at", models.DateTimeField()),
                ("attempts", models.IntegerField(default=1)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["partition_id", "state_schema", "code", "failed_at"],
                        name="eventstore_snapshotfailure_due",
                    )
                ],
            },
        ),
    ]

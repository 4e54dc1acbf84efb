"""Adds the table of the runs of scheduled jobs."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Safe at any size: a new, empty table, no lock on those that are there. Reversible: the history of runs goes with it."""

    dependencies = [
        ("eventstore", "0004_snapshots"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job", models.TextField()),
                ("due", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("runs", models.IntegerField(default=1)),
                ("started", models.DateTimeField(null=True)),
                ("ended", models.DateTimeField(null=True)),
                ("scope", models.TextField()),
                ("counts", models.JSONField()),
                ("outcome", models.TextField()),
                ("error", models.TextField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["job", "-due", "-id"], name="eventstore_jobrun_job"
                    ),
                    models.Index(
                        models.OrderBy(
                            models.F("due"), descending=True, nulls_last=True
                        ),
                        models.OrderBy(
                            models.F("id"), descending=True, nulls_last=True
                        ),
                        name="eventstore_jobrun_newest",
                    ),
                    models.Index(
                        fields=["outcome", "due"], name="eventstore_jobrun_old"
                    ),
                ],
            },
        ),
    ]

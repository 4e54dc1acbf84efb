"""Snapshots are signed, and say where in the log their event stands. Those that are there are not signed, and go."""

from __future__ import annotations

from django.db import migrations, models

# Whoever has loaded from them replays more until they are built again, from the events alone; that needs no more than the job.
EMPTY = [
    "TRUNCATE eventstore_snapshot",
    "DELETE FROM eventstore_snapshotbuild",
    "DELETE FROM eventstore_snapshotfailure",
]


class Migration(migrations.Migration):
    """Safe at any size: the table is emptied and built again in the background; until then loads replay more."""

    dependencies = [("eventstore", "0006_subscriptions")]

    operations = [
        migrations.RunSQL(sql=EMPTY, reverse_sql=EMPTY),
        migrations.AddField(
            model_name="snapshot",
            name="position",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="snapshot",
            name="mac",
            field=models.BinaryField(default=b""),
            preserve_default=False,
        ),
    ]

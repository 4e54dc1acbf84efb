"""Adds which partitions have stopped, what a person decided of them, and which the mark "index complete" leaves out."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Safe at any size: two new, empty tables, and a column of a table that has one row at the most."""

    dependencies = [("eventstore", "0008_append_only")]

    operations = [
        migrations.CreateModel(
            name="StoppedPartition",
            fields=[
                (
                    "partition",
                    models.IntegerField(primary_key=True, serialize=False),
                ),
                ("code", models.TextField()),
                ("cause", models.TextField()),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PartitionAct",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("partition", models.IntegerField()),
                ("act", models.TextField()),
                ("reason", models.TextField()),
                ("done_by", models.TextField()),
                ("done_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(
            "CREATE TRIGGER eventstore_partitionact_append_only BEFORE UPDATE OR DELETE ON eventstore_partitionact"
            " FOR EACH ROW EXECUTE FUNCTION eventstore_is_append_only()",
            "DROP TRIGGER eventstore_partitionact_append_only ON eventstore_partitionact",
        ),
        migrations.AddField(
            model_name="indexcomplete",
            name="without",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), db_default=[], default=list, size=None
            ),
        ),
    ]

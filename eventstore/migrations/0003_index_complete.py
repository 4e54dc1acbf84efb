"""Adds the mark "index complete", unlogged: PostgreSQL empties it in every crash recovery (rule 16)."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Safe at any size: a new, empty table. Until somebody has folded to the log's end, reads fold first."""

    dependencies = [("eventstore", "0002_no_pattern_index_on_heads")]

    operations = [
        migrations.CreateModel(
            name="IndexComplete",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False))
            ],
        ),
        migrations.RunSQL(
            sql="ALTER TABLE eventstore_indexcomplete SET UNLOGGED",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]

"""Drops the index for LIKE that Django adds to a text key: nobody searches heads by pattern, every new stream pays."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Safe on a large table: dropping an index needs its lock for a moment only."""

    dependencies = [("eventstore", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="DROP INDEX eventstore_stream_stream_id_79d86857_like",
            reverse_sql="""
                CREATE INDEX eventstore_stream_stream_id_79d86857_like
                    ON eventstore_stream (stream_id text_pattern_ops)
            """,
        ),
    ]

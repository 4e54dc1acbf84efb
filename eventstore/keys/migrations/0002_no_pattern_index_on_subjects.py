"""Drops the index for LIKE that Django adds to a text key: nobody searches subjects by pattern, every new one pays."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Safe on a large table: dropping an index needs its lock for a moment only."""

    dependencies = [("keys", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="DROP INDEX keys_subject_subject_9a87545d_like",
            reverse_sql="""
                CREATE INDEX keys_subject_subject_9a87545d_like
                    ON keys_subject (subject text_pattern_ops)
            """,
        ),
    ]

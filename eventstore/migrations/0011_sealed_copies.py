"""Sensitive fields are sealed, and so are the states that were made of them. A store that was there before is not: it is marked, and refused.

No row of it is touched. `SnapshotStore` does not know what an earlier version has signed, and builders take it out.
"""

from __future__ import annotations

from django.db import migrations, models

MARK = """
INSERT INTO eventstore_unsealedstore (id, since)
SELECT 1, now()
 WHERE EXISTS (SELECT FROM eventstore_record) OR EXISTS (SELECT FROM eventstore_logrecord)
    OR EXISTS (SELECT FROM eventstore_snapshot)
"""


class Migration(migrations.Migration):
    """Safe at any size: the first row of three tables is looked for, and a column is added that may be null."""

    dependencies = [("eventstore", "0010_overtaken")]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="key_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="snapshot",
            index=models.Index(
                condition=models.Q(("key_id__isnull", False)),
                fields=["key_id"],
                name="eventstore_snapshot_key",
            ),
        ),
        migrations.CreateModel(
            name="UnsealedStore",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]

"""Mirror, index and what people did are append only, as the log's own table is: by a trigger, besides the grants.

Whoever owns a table may empty it as a whole, which is how `rebuild_index` makes it anew; TRUNCATE is granted to nobody else. To
make a trigger reads no row: a moment's lock, whatever the size.
"""

from __future__ import annotations

from django.db import migrations

TABLES = ("eventstore_record", "eventstore_event", "eventstore_subscriptionaction")
FUNCTION = """
CREATE FUNCTION eventstore_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The table % is append only.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege',
        HINT = 'To correct a fact, append an event that says so. manage.py rebuild_index makes mirror and index anew from the log.';
END $$
"""


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("eventstore", "0007_snapshot_macs")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION eventstore_is_append_only()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION eventstore_is_append_only()",
                f"DROP TRIGGER {table}_append_only ON {table}",
            )
            for table in TABLES
        ),
    ]

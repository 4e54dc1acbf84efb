"""A fold that lost its race says so by an SQLSTATE of its own, and not by dividing by zero (rule 6).

Called only where the race is lost; a statement that wins it never looks at the function.
"""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
CREATE FUNCTION eventstore_overtaken() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Somebody else has moved the cursor.' USING ERRCODE = 'TE001';
END $$
"""


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("eventstore", "0009_stopped_partitions")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION eventstore_overtaken()"),
    ]

"""A fold that lost its race says so by an SQLSTATE of its own, and not by dividing by zero (rule 6).

Called only where the race is lost; but every fold's statement names it, and PostgreSQL asks for the right to execute it before
it runs any part of such a statement. So it is made, and granted (`database_roles`), before code that folds so begins; code from
before does not look at it.
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

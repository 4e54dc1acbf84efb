"""Streams that wait are listed by the place of the event that they wait at, not by their ids, which say whose they are."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Few rows, so it locks the table for no time worth a thought."""

    dependencies = [("eventstore", "0012_blind_index")]

    operations = [
        migrations.AddIndex(
            model_name="parkedstream",
            index=models.Index(
                fields=["subscription", "position"], name="eventstore_parked_place"
            ),
        ),
    ]

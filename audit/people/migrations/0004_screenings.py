from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Screening",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "conversation_id",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("conversation_id", models.TextField()),
                ("version", models.IntegerField()),
                ("child_id", models.TextField()),
                ("message_version", models.IntegerField()),
                ("detector", models.TextField()),
                ("policy_version", models.TextField()),
                ("recorded_at", models.DateTimeField()),
                ("position", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["conversation_id", "message_version", "version"],
                        name="people_screening_message",
                    )
                ],
            },
        ),
    ]

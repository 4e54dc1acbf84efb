"""Adds the blind indexes: streams by an HMAC of a value that is sealed."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Safe at any size: a new, empty table."""

    dependencies = [("eventstore", "0011_sealed_copies")]

    operations = [
        migrations.CreateModel(
            name="BlindDigest",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "name",
                        "stream_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.TextField()),
                ("stream_id", models.TextField()),
                ("version", models.IntegerField()),
                ("key", models.UUIDField()),
                ("digest", models.BinaryField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["name", "digest"], name="eventstore_blind_digest"
                    ),
                    models.Index(fields=["key"], name="eventstore_blind_key"),
                ]
            },
        ),
    ]

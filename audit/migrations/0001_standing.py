"""Of accounts: until when, and in which zone; and the permissions that roles are made of."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """`manage.py migrate` makes the roles at its end (`audit.roles`)."""

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="standing",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("zone", models.TextField(default="UTC")),
            ],
            options={
                "permissions": [
                    (
                        "see_children",
                        "See which children there are, and what is known of one",
                    ),
                    ("see_payloads", "See events and streams, as the log has them"),
                    ("reveal", "Open what a person said"),
                    (
                        "decide",
                        "Claim, acknowledge, decide and reopen safety violations",
                    ),
                    ("approve", "Approve what another person has asked for"),
                    ("see_ledger", "See what others looked at"),
                    ("export", "Have persons' data written to a file"),
                    ("place_holds", "Place legal holds"),
                    ("request_erasure", "Ask for a person's erasure"),
                    ("operate", "Have subscriptions do something"),
                ],
                "default_permissions": (),
            },
        ),
    ]

"""The key store's tables."""

from __future__ import annotations

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """In the database of the alias `keys` alone."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("cut", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Subject",
            fields=[
                ("subject", models.TextField(primary_key=True, serialize=False)),
                ("erased_at", models.DateTimeField(null=True)),
                ("request", models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DataKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("subject", models.TextField()),
                ("retention_class", models.TextField()),
                ("month", models.TextField()),
                ("wrapped", models.BinaryField(null=True)),
                ("kek", models.TextField()),
                ("commitment", models.BinaryField()),
                (
                    "minted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("in_log", models.BooleanField(db_default=False)),
                ("destroyed_at", models.DateTimeField(null=True)),
                ("why", models.TextField(null=True)),
                ("request", models.TextField(null=True)),
                ("destruction_in_log", models.BooleanField(db_default=False)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["subject", "retention_class", "month", "id"],
                        name="keys_datakey_subject",
                    ),
                    models.Index(
                        models.Func(
                            models.F("retention_class"),
                            models.Value("/"),
                            models.F("month"),
                            arg_joiner=" || ",
                            output_field=models.TextField(),
                            template="(%(expressions)s)",
                        ),
                        models.F("id"),
                        condition=models.Q(("destroyed_at__isnull", True)),
                        name="keys_datakey_period",
                    ),
                    models.Index(
                        condition=models.Q(("destroyed_at__isnull", True)),
                        fields=["kek", "id"],
                        name="keys_datakey_kek",
                    ),
                    models.Index(
                        condition=models.Q(("in_log", False)),
                        fields=["id"],
                        name="keys_datakey_mint_untold",
                    ),
                    models.Index(
                        condition=models.Q(("destroyed_at__isnull", False)),
                        fields=["destruction_in_log", "id"],
                        name="keys_datakey_gone",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("destroyed_at__isnull", True)),
                        fields=("subject", "retention_class", "month"),
                        name="keys_datakey_living",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("destroyed_at__isnull", False),
                                ("wrapped__isnull", True),
                            ),
                            models.Q(
                                ("destroyed_at__isnull", True),
                                ("wrapped__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="keys_datakey_bytes",
                    ),
                ],
            },
        ),
    ]

"""Of an account whose password somebody else set: it changes it before anything else."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Accounts that there are keep their passwords."""

    dependencies = [("audit", "0002_operators")]

    operations = [
        migrations.AddField(
            model_name="standing",
            name="must_change_password",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_screenings"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="access",
            index=models.Index(
                condition=models.Q(("kind", "reveal")),
                fields=["object"],
                name="people_access_revealed",
                opclasses=["text_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="child",
            index=models.Index(
                fields=["language", "known_at", "child_id"],
                name="people_child_language",
            ),
        ),
        migrations.AddIndex(
            model_name="child",
            index=models.Index(
                fields=["registered_at", "child_id"], name="people_child_registered"
            ),
        ),
        migrations.AddIndex(
            model_name="child",
            index=models.Index(
                fields=["language", "registered_at", "child_id"],
                name="people_child_lang_reg",
            ),
        ),
        migrations.AddIndex(
            model_name="violation",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["child_id"],
                name="people_violation_waiting",
            ),
        ),
    ]

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_clocks_and_approvals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Fact",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "child_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("child_id", models.TextField()),
                ("position", models.BigIntegerField()),
                (
                    "lane",
                    models.TextField(
                        choices=[
                            ("consent", "Consent"),
                            ("conversation", "Conversation"),
                            ("violation", "Violation"),
                            ("change", "Change"),
                            ("privacy", "Privacy"),
                            ("export", "Export"),
                            ("view", "View"),
                        ]
                    ),
                ),
                ("kind", models.TextField()),
                ("version", models.IntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("occurred_at", models.DateTimeField()),
                ("about", models.JSONField(default=dict)),
                ("conversation_id", models.TextField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["child_id", "lane", "occurred_at", "position"],
                        name="people_fact_happened",
                    ),
                    models.Index(
                        fields=["child_id", "lane", "recorded_at", "position"],
                        name="people_fact_recorded",
                    ),
                    models.Index(
                        condition=models.Q(("conversation_id__isnull", False)),
                        fields=["conversation_id"],
                        name="people_fact_talk",
                    ),
                ],
            },
        ),
    ]

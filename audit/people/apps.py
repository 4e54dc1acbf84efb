"""The read models as a Django app: the tables are `people_…`."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """It has models alone."""

    name = "audit.people"
    label = "people"
    verbose_name = "What is known of people"

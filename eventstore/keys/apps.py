"""The key store as a Django app of its own."""

from __future__ import annotations

from django.apps import AppConfig


class KeysConfig(AppConfig):
    """Its tables stand in the database of the alias `keys`, and nowhere else (`router`)."""

    name = "eventstore.keys"
    label = "keys"
    verbose_name = "Key store"
    default_auto_field = "django.db.models.BigAutoField"

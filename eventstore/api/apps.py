"""The HTTP API as a Django app of its own: who does not want it leaves it out."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Service accounts are rows; what they read and append is the store's."""

    name = "eventstore.api"
    label = "eventstore_api"
    verbose_name = "HTTP API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from eventstore.api import checks  # noqa: F401  (registers itself)

"""The event store as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class EventStoreConfig(AppConfig):
    """Registers the system checks when Django is ready, and who completes the index for readers."""

    name = "eventstore"
    verbose_name = "Event store"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from eventstore import checks  # noqa: F401  (registers itself)
        from eventstore.queries.connection import completed_by
        from eventstore.store import get_event_store

        completed_by(lambda: get_event_store().complete_index())

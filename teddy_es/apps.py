"""The project as a Django app, for its commands."""

from __future__ import annotations

from django.apps import AppConfig


class TeddyConfig(AppConfig):
    """Loads Celery's app, else whoever sends a task would send it to a broker of Celery's choice."""

    name = "teddy_es"
    verbose_name = "Teddy ES"

    def ready(self) -> None:
        from teddy_es import celery, checks  # noqa: F401  (each registers itself)
        from teddy_es.logins import report_logins

        report_logins()

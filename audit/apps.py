"""The console as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The console has no tables of its own yet."""

    name = "audit"
    verbose_name = "Audit console"

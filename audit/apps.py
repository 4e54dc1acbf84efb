"""The console as a Django app, and Django's admin with the console's site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AuditConfig(AppConfig):
    """The console has no tables of its own yet."""

    name = "audit"
    verbose_name = "Audit console"
    default = True

    def ready(self) -> None:
        """Register the system checks."""
        from audit import checks  # noqa: F401  (registers itself)


class ConsoleConfig(admin_apps.AdminConfig):
    """Stands in the settings' place of `django.contrib.admin`: `admin.site` is then the console's."""

    default = False  # AuditConfig is this module's default
    default_site = "audit.site.AuditAdminSite"

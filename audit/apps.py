"""The console as a Django app, and Django's admin with the console's site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """Its tables are those of accounts; what it shows lies in the store and in the read models (`audit.people`)."""

    name = "audit"
    verbose_name = "Audit console"
    default = True

    def ready(self) -> None:
        """Have roles made once Django has made their permissions, which it does at the end of `migrate`, too."""
        from audit import sessions
        from audit.roles import make_roles

        sessions.connect()
        post_migrate.connect(
            make_roles, sender=self, dispatch_uid="audit.roles.make_roles"
        )


class ConsoleConfig(admin_apps.AdminConfig):
    """Stands in the settings' place of `django.contrib.admin`: `admin.site` is then the console's."""

    default = False  # AuditConfig is this module's default
    default_site = "audit.site.AuditAdminSite"

"""Who acted on subscriptions by a permission of their own has the operator's role from now on, which alone gives it."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def give_roles(apps: Any, schema_editor: Any) -> None:
    """The role's own permissions come at the end of `migrate`."""
    users = apps.get_model("auth", "User").objects.filter(
        user_permissions__codename="change_subscription",
        user_permissions__content_type__app_label="eventstore",
    )
    if not users:
        return
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(
        name="operator"
    )
    operators.user_set.add(*users)


class Migration(migrations.Migration):
    """Nothing is taken from anybody: the permission stays, and decides nothing any more."""

    dependencies = [("audit", "0001_standing")]

    operations = [migrations.RunPython(give_roles, migrations.RunPython.noop)]

"""Keys stand in a database of their own, and nothing else does."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import router

from eventstore.keys.router import KeysRouter
from eventstore.models import Event


@pytest.mark.parametrize(
    ("database", "app", "may"),
    [
        ("keys", "keys", True),
        ("keys", "eventstore", False),
        ("keys", "auth", False),
        ("default", "keys", False),
        ("default", "eventstore", None),
    ],
)
def test_tables_are_made_where_they_belong(
    database: str, app: str, may: object
) -> None:
    assert KeysRouter().allow_migrate(database, app) is may


def test_models_are_asked_for_where_they_stand() -> None:
    for model in apps.get_app_config("keys").get_models():
        assert router.db_for_read(model) == router.db_for_write(model) == "keys"
    assert router.db_for_write(Event) == "default"

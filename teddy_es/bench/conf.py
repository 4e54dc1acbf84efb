"""Where a measurement takes place: a database and topics of its own, in place of the configured ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, connections
from django.test.utils import override_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


def eventstore_settings() -> dict[str, Any]:
    """The event store's settings as they are now, to be handed to another process."""
    return dict(settings.EVENTSTORE)


@contextmanager
def elsewhere(database: str, eventstore: dict[str, Any]) -> Iterator[None]:
    """Let Django and the event store work on this database, with these settings of the event store's."""
    before = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = database
    try:
        with override_settings(EVENTSTORE=eventstore, ALLOWED_HOSTS=["testserver"]):
            yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = before

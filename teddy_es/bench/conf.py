"""Where a measurement takes place: a database and topics of its own, in place of the configured ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.test.utils import override_settings

from eventstore.keys.configured import reset
from eventstore.keys.router import ALIAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def eventstore_settings() -> dict[str, Any]:
    """The event store's settings as they are now, to be handed to another process."""
    return dict(settings.EVENTSTORE)


@contextmanager
def elsewhere(database: str, eventstore: dict[str, Any]) -> Iterator[None]:
    """Let Django and the event store work on this database, with these settings of the event store's."""
    names = {DEFAULT_DB_ALIAS: database, ALIAS: keys_of(database)}
    before = {alias: connections[alias].settings_dict["NAME"] for alias in names}
    try:
        _go(names)
        with override_settings(EVENTSTORE=eventstore, ALLOWED_HOSTS=["testserver"]):
            yield
    finally:
        _go(before)


def rates_of(rate: str) -> dict[str, Any]:
    """DRF's settings with this rate for everybody: what is measured is not the refusal."""
    given: dict[str, Any] = settings.REST_FRAMEWORK
    names = given["DEFAULT_THROTTLE_RATES"]
    return {**given, "DEFAULT_THROTTLE_RATES": dict.fromkeys(names, rate)}


def djangos_templates() -> list[dict[str, Any]]:
    """The engines without the project's own folder: what Django brings along is shown as it comes."""
    given: list[dict[str, Any]] = settings.TEMPLATES
    return [{**engine, "DIRS": []} for engine in given]


def keys_of(database: str) -> str:
    """The database with its keys."""
    return f"{database}_keys"


def _go(names: Mapping[str, str]) -> None:
    connections.close_all()
    reset()
    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name

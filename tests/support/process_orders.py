"""What a process that obeys (`process_work.obey`) can be told to do."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.test import Client

from eventstore.errors import EventStoreError
from eventstore.events import NewEvent
from eventstore.indexer.mirror import Mirror
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderPlaced
from eventstore.upkeep.activation import activate
from teddy_es import health
from tests.support.clocks import A_HANG_S
from tests.support.roles import client_of, somebody
from tests.support.worlds import versions

if TYPE_CHECKING:
    from collections.abc import Callable


def answer(do: str, **order: Any) -> dict[str, Any]:
    """What came of an order."""
    try:
        return {"done": ORDERS[do](**order)}
    except EventStoreError as error:
        cause = error.__cause__
        code = cause.code if isinstance(cause, EventStoreError) else None
        return {"refused": error.code, "cause": code, "text": str(error)}


def append(stream: str, commit: str | None = None, size: int = 0) -> int:
    """Append one event, of about so many bytes; its version."""
    id_ = UUID(commit) if commit else None
    event = NewEvent(OrderPlaced(customer_id="c-1", remark="x" * size))
    result = get_event_store().append(stream, [event], "any", commit_id=id_)
    return result.first_version


def read(stream: str) -> list[int]:
    """The versions that a reader sees."""
    return list(versions(get_event_store(), stream))


def switch_on(version: int) -> int:
    """Activate rules; in how many partitions."""
    with get_event_store().indexer() as indexer:
        return activate(indexer, version)


def mirror() -> dict[str, str]:
    """A round; what has stopped, and why."""
    mirror = Mirror(get_event_store().make_indexer, Event())
    with get_event_store().indexer() as indexer:
        mirror.round(indexer)
    return {str(place): why for place, why in mirror.stopped.items()}


def ready() -> list[Any]:
    """What the probe answers, however busy the machine is."""
    health.PATIENCE = 18 * A_HANG_S  # type: ignore[misc]  # a constant, else
    found = Client().get("/readyz")
    return [found.status_code, json.loads(found.content)["index"]]


def page() -> int:
    """The status of the list of events, for who may see it and has said what for."""
    role = "compliance_officer"
    known = User.objects.filter(groups__name=role).first()
    client = client_of(known or somebody(role))
    return client.get("/admin/events/").status_code


ORDERS: dict[str, Callable[..., Any]] = {
    "append": append,
    "read": read,
    "activate": switch_on,
    "mirror": mirror,
    "ready": ready,
    "page": page,
}

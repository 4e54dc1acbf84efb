"""A page costs at most eight queries, session and account included, and never a count or an offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.addresses import event_address
from eventstore.queries.connection import reading_cursor
from tests.plugins.mirrored import Mirrored, an_event
from tests.support.panels import listed, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

MOST = 8


@pytest.fixture
def addresses(mirrored: Mirrored) -> dict[str, str]:
    """Pages over three pages' worth of events with causes and correlations, in a process that has read before."""
    correlation, first = uuid4(), an_event()
    mirrored.commit("conversation.conv-1", first)
    for _ in range(120):
        mirrored.commit(
            "conversation.conv-1",
            an_event(correlation_id=correlation, causation_id=first.event_id),
        )
    [position] = mirrored.commit("parent.p-1", an_event("ParentRegistered"))
    with reading_cursor():
        pass  # what a process asks once
    return {
        "overview": "/admin/",
        "streams": "/admin/streams/?type=conversation",
        "stream": "/admin/streams/conversation.conv-1/?order=newest",
        "events": "/admin/events/",
        "correlation": f"/admin/events/?correlation_id={correlation}",
        "everything": f"/admin/events/?type=ConversationStarted&correlation_id={correlation}"
        f"&causation_id={first.event_id}&recorded_from=2026-01-01&recorded_to=2027-01-01",
        "event": event_address(position),
    }


PAGES = [
    "overview",
    "streams",
    "stream",
    "events",
    "correlation",
    "everything",
    "event",
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_costs_at_most_eight_queries(
    officer: Client, addresses: dict[str, str], name: str
) -> None:
    with CaptureQueriesContext(connection) as made:
        answer = officer.get(addresses[name])

    assert answer.status_code == 200
    assert len(made) <= MOST, [query["sql"][:80] for query in made.captured_queries]
    for query in made.captured_queries:
        assert "OFFSET" not in query["sql"].upper().replace("OFFSET 0)", "")
        assert (
            "COUNT(*)" not in query["sql"].upper()
            or "eventstore_partition" in query["sql"]
        )


def test_going_back_costs_no_more(
    officer: Client,
    addresses: dict[str, str],
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    second = officer.get("/admin/events/", {"after": _next(officer)})
    before = listed(second).previous

    with django_assert_max_num_queries(MOST):
        answer = officer.get("/admin/events/", {"before": before})

    assert rows(answer) == rows(officer.get("/admin/events/"))


@pytest.mark.parametrize(
    "what", ["event", "commit", "correlation", "position", "stream", "nothing"]
)
def test_a_look_up_costs_at_most_eight_queries(
    officer: Client, mirrored: Mirrored, what: str
) -> None:
    event, commit_id = an_event(correlation_id=uuid4()), uuid4()
    [position] = mirrored.commit("conversation.conv-1", event, commit_id=commit_id)
    typed = {
        "event": event.event_id,
        "commit": commit_id,
        "correlation": event.correlation_id,
        "position": position,
        "stream": "conversation.conv-1",
        "nothing": uuid4(),
    }[what]

    officer.get("/admin/events/")  # a process's first read asks more

    with CaptureQueriesContext(connection) as made:
        answer = officer.post("/admin/find/", {"q": str(typed)})

    assert answer.status_code == (404 if what == "nothing" else 302)
    assert len(made) <= MOST, [query["sql"][:80] for query in made.captured_queries]


def _next(client: Client) -> str:
    cursor: str = listed(client.get("/admin/events/")).next
    return cursor

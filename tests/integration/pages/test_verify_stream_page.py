"""Whoever doubts a stream has it held against the log from its page: what was compared is said, what differs, and what was not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit.events.tree_view import tree
from eventstore.errors import LogUnanswered
from eventstore.log.embedded import EmbeddedLog

if TYPE_CHECKING:
    from django.test import Client

    from eventstore.ports import Batch
    from tests.support.following import Orders

pytestmark = pytest.mark.usefixtures("transactional_db", "table")


@pytest.fixture
def stream(orders: Orders, recorder: list[dict[str, Any]]) -> str:
    """Three versions, a commit each."""
    del recorder  # comes behind the orders' settings
    orders.place("a")
    for _ in range(2):
        orders.change("a")
    return orders.stream("a")


def said(answer: Any) -> str:
    assert answer.status_code == 200
    text: str = answer.text
    return " ".join(text.split())


def verify(client: Client, stream: str, **form: str) -> str:
    return said(client.post(f"/admin/streams/{stream}/verify/", form))


def test_a_stream_that_holds_is_said_to_and_that_one_looked_is_recorded(
    stream: str, officer: Client, recorder: list[dict[str, Any]]
) -> None:
    found = verify(officer, stream)

    assert "Versions 1 to 3 hold." in found
    assert "3 commits, 3 events" in found
    assert "3 of 3 commits" in found
    assert "not asked here" in found
    assert [(look["kind"], look["object"]) for look in recorder] == [("view", stream)]


def test_the_form_alone_compares_nothing(stream: str, officer: Client) -> None:
    found = said(officer.get(f"/admin/streams/{stream}/verify/"))

    assert "What is compared" in found
    assert "hold." not in found


def test_what_differs_is_named_by_place_and_column(
    stream: str, officer: Client
) -> None:
    with connection.cursor() as db:
        db.execute("SELECT set_config('session_replication_role', 'replica', false)")
        db.execute("UPDATE eventstore_event SET event_type = '<b>' WHERE stream_id = %s AND version = 2", [stream])  # fmt: skip
        db.execute("SELECT set_config('session_replication_role', 'origin', false)")

    found = verify(officer, stream)

    assert "It does not hold." in found
    assert "differs in event_type" in found
    assert "hold." not in found.replace("does not hold.", "")


def test_a_log_that_does_not_answer_is_said_and_nothing_is_claimed_of_it(
    stream: str, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_args: object, **_options: object) -> Batch:
        raise LogUnanswered("broker-7.internal is silent")  # noqa: EM101  (a reason)

    monkeypatch.setattr(EmbeddedLog, "read", silent)

    found = verify(officer, stream)

    assert "0 of 3 commits" in found
    assert "the log did not answer" in found
    assert "broker-7" not in found


@pytest.mark.parametrize(
    ("typed", "first"),
    [("2", 2), ("99", 3), ("0", 1), ("-1", 1), ("", 1), ("x", 1), ("²", 1), ("9" * 30, 1)],
)  # fmt: skip
def test_it_begins_where_one_wants(
    stream: str, officer: Client, typed: str, first: int
) -> None:
    found = verify(officer, stream, first=typed)

    assert f"Versions {first} to 3 hold." in found


def test_a_stream_that_is_not_there_has_no_such_page(
    stream: str, officer: Client
) -> None:
    assert officer.post("/admin/streams/nobody.x/verify/").status_code == 404


def test_who_may_not_see_payloads_may_not_verify(stream: str, staff: Client) -> None:
    answer = staff.post(f"/admin/streams/{stream}/verify/")

    assert answer.status_code == 403
    assert stream not in answer.text


def test_the_pages_of_a_stream_and_an_event_lead_there(
    stream: str, officer: Client
) -> None:
    page = said(officer.get(f"/admin/streams/{stream}/"))

    assert f'action="/admin/streams/{stream}/verify/"' in page
    assert "Verify this stream" in page


def test_no_tree_of_nothing() -> None:
    assert tree([], None) == ""  # type: ignore[arg-type]  # no page is of no event

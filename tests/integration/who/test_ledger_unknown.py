"""An id that no event knows is nobody's: the ledger has no page of it, and nobody is recorded to have been looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from audit.access_ledger import pages
from audit.looking import looks_at
from audit.people.models import Access, Child
from eventstore.conf import registry
from eventstore.events import pack
from tests.support.panels import rows
from tests.support.roles import client_as

if TYPE_CHECKING:
    from django.test import Client

    from tests.plugins.mirrored import Mirrored

LEDGER: Final = "/admin/ledger/"
AT: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)
UNKNOWN: Final = "child-000000000000"


@pytest.fixture
def asker(mirrored: Mirrored, recorder: list[dict[str, Any]]) -> Client:
    """Somebody who may see what others looked at."""
    return client_as("data_protection_officer", "complaint", "C-9")


def of_child(child: str) -> str:
    return f"{LEDGER}persons/{child}/"


def looked(place: int) -> None:
    Access.objects.create(
        subject="c-1",
        recorded_at=AT,
        position=pack(registry().stream_types["access"].number, 0, place),
        kind="view",
        purpose="audit",
        actor="officer-9",
        actor_kind="officer",
    )


@pytest.mark.parametrize("person", ["c-1", "p-1"])
def test_nobody_looked_is_said_of_whom_an_event_knows(
    asker: Client, person: str
) -> None:
    Child.objects.create(child_id="c-1", parent_id="p-1", known_at=AT, known_position=1)

    assert "Nobody looked" in asker.get(of_child(person)).text


def test_an_id_that_no_event_knows_is_nobodys(
    asker: Client, recorder: list[dict[str, Any]]
) -> None:
    opened = asker.get(of_child(UNKNOWN))
    asked = asker.post(LEDGER, {"child": UNKNOWN})

    assert (opened.status_code, asked.status_code) == (404, 404)
    assert "No child and no parent has exactly this id." in asked.text
    assert UNKNOWN not in asked.text
    assert recorder == []


@pytest.mark.parametrize("kind", ["child", "parent"])
def test_who_was_recorded_a_moment_ago_is_known_by_a_stream(
    asker: Client, mirrored: Mirrored, kind: str
) -> None:
    mirrored.commit(f"{kind}.new-1")

    assert "Nobody looked" in asker.get(of_child("new-1")).text


def test_what_is_counted_and_what_is_listed_are_of_one_moment(
    asker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others look while the page is made: of a list that stands whole, no more are counted than stand there."""
    looked(1)

    def another_looks(*given: Any) -> None:
        looks_at(*given)
        looked(2)

    monkeypatch.setattr(pages, "looks_at", another_looks)

    answer = asker.get(of_child("c-1"))

    assert len(rows(answer)) == 1
    assert "1 look, latest first." in answer.text

"""What is opened is in the access ledger first, by whatever way; what the ledger cannot take is not opened."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from eventstore.events import Expected, NewEvent
from eventstore.opening import Access, recorded_opener
from teddy_es.domain.child import ChildRegistered

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.store import EventStore

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

CHILD = "c-" + "1" * 98  # as long as an id of the domain can be


@pytest.fixture
def store(teddy_store: EventStore) -> EventStore:
    """Of a child."""
    event = ChildRegistered(parent_id="p-1", name="what-nobody-may-find")
    teddy_store.append(f"child.{CHILD}", [NewEvent(event)], Expected.NO_STREAM)
    return teddy_store


def unsealed(path: Path, *words: str) -> None:
    given = ("--output", str(path), "--unseal", "--stream", f"child.{CHILD}", *words)
    call_command("export_events", *given, stdout=StringIO(), stderr=StringIO())


def test_an_unsealed_export_is_in_the_ledger(store: EventStore, tmp_path: Path) -> None:
    unsealed(tmp_path / "out", "--purpose", "legal_process", "--by", "ada")

    line = json.loads((tmp_path / "out").read_bytes())
    assert line["data"]["name"] == "what-nobody-may-find"
    [event] = store.read("access.ada")
    assert event.data == {
        "actor": "ada",
        "actor_kind": "officer",
        "kind": "export",
        "purpose": "legal_process",
        "subjects": [CHILD],
        "object": f"child.{CHILD}",
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--purpose", "audit", "--by", "ada lovelace"), "letters, digits"),
        (("--purpose", "curiosity", "--by", "ada"), "statutory_report"),
        (("--purpose", "audit", "--by", "ada", "--reference", "a b"), "invalid-event"),
    ],
)
def test_what_the_ledger_has_no_words_for_is_not_opened(
    store: EventStore, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        unsealed(tmp_path / "out", *words)

    assert list(tmp_path.iterdir()) == []
    assert list(store.read("access.ada")) == []


def test_the_longest_conversation_of_the_domain_can_be_looked_at(
    store: EventStore,
) -> None:
    access = Access("view", "audit", "ada", object=f"conversation.{CHILD}")

    recorded_opener(access, [CHILD])

    [event] = store.read("access.ada")
    assert event.data["object"] == f"conversation.{CHILD}"

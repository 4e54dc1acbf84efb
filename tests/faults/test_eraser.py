"""Whoever was begun with is erased in the end, also where the eraser was killed over it or had no time to hear that it is to end."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from teddy_es.faults.eraser import finish
from teddy_es.faults.journal import Journal
from teddy_es.faults.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path


def killed_after(folder: Path, generation: int, *told: tuple[str, str]) -> None:
    """What an eraser has written down until then."""
    journal = Journal(folder / f"eraser-{generation}.ndjson")
    for what, subject in told:
        journal.write({"t": what, "subject": subject})
    journal.close()


def test_what_any_of_them_has_begun_is_finished_once(tmp_path: Path) -> None:
    killed_after(tmp_path, 0, ("erasing", "a"), ("erased", "a"), ("erasing", "b"))
    killed_after(tmp_path, 1, ("erasing", "b"), ("erasing", "c"))
    asked: list[str] = []

    def tried(subject: str) -> bool:
        asked.append(subject)
        return len(asked) > 1  # the first time a server is not back yet

    finish(Event(), str(tmp_path), tried=tried)

    assert asked == ["b", "b", "c"]
    ledger = Ledger.read(tmp_path)
    assert ledger.erasing == ledger.erased == {"a", "b", "c"}


def test_who_cannot_be_erased_is_not_said_to_be(tmp_path: Path) -> None:
    killed_after(tmp_path, 0, ("erasing", "a"))

    finish(Event(), str(tmp_path), tried=lambda _: False)

    assert Ledger.read(tmp_path).erased == set()

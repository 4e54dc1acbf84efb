"""Exports take few of a process's threads, and what breaks one off is not written out by the server that sends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from audit.api.exports import BrokenOff, ExportView
from tests.support.callers import Caller, a_caller
from tests.support.families import handle
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from tests.support.families import Families

EXPORT = "/children/c-1/export"


@pytest.fixture
def caller(families: Families) -> Caller:
    families.registers("c-1", "p-1")
    handle("children", "conversations")
    return a_caller(bound_to="p-1")


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_are_made_at_a_time_than_may_be(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(ExportView, "places", threading.Semaphore(most))
    begun: list[Any] = [caller.get(EXPORT) for _ in range(most)]
    said = len(Recorder.said)

    refused: Any = caller.get(EXPORT)

    assert (refused.status_code, refused.json()["code"]) == (503, "too-many-exports")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(Recorder.said) == said  # nothing was shown
    begun[0].close()  # its reader is gone, before the first line
    after: Any = caller.get(EXPORT)
    assert b"".join(after)
    for answer in begun[1:]:
        assert b"".join(answer)


def test_a_copy_has_all_that_is_in_the_log_or_is_refused(
    caller: Caller, families: Families, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes the feed's cursor and then a copy misses nothing."""
    monkeypatch.setattr(ExportView, "places", threading.Semaphore(1))
    families.talks("t-1", "c-1", "Hello")
    monkeypatch.setattr(ExportView, "patience_s", 0.0)
    behind: Any = caller.get(EXPORT)
    said = len(Recorder.said)
    handle("conversations")
    copy: Any = caller.get(EXPORT)

    assert (behind.status_code, behind.json()["code"]) == (503, "read-models-behind")
    assert int(behind.headers["Retry-After"]) > 0
    assert "eventstore" not in behind.content.decode()  # how much others write
    assert said == 0
    assert b"conversation.t-1" in b"".join(copy)


def test_who_is_refused_takes_no_place(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExportView, "places", threading.Semaphore(1))
    Recorder.meanwhile.append(Mock(side_effect=OSError))
    first: Any = caller.get(EXPORT)
    Recorder.meanwhile.clear()
    other: Any = caller.get("/children/c-2/export")

    assert (first.status_code, other.status_code) == (503, 404)
    assert b"".join(caller.get(EXPORT))


def test_head_reads_nothing(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(ExportView, "_lines", broken)
    headers = {"Authorization": f"Token {caller.token}"}

    answer: Any = caller.client.head(f"/api/v1{EXPORT}", headers=headers)

    assert answer.status_code == 200
    assert b"".join(answer) == b""


def test_what_breaks_it_off_is_told_in_the_log_alone(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        msg = "Mia"
        raise ValueError(msg)

    monkeypatch.setattr(ExportView, "_lines", broken)

    with pytest.raises(BrokenOff) as ended:
        list(caller.get(EXPORT))

    assert "Mia" not in str(ended.value)
    assert ended.value.__suppress_context__

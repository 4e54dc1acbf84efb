"""What a command tells of its progress, to people and to programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eventstore.management import progress
from eventstore.management.progress import progress_bar

if TYPE_CHECKING:
    import pytest


def test_a_program_hears_how_much_how_fast_and_how_long_still(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)

    with progress_bar("folding", total=300, shown=False, as_json=True) as show:
        show(100, "eventstore.order/0")
        show(300, "eventstore.order/1")

    first, last = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["progress"], first["done"], first["total"]) == ("folding", 100, 300)
    assert first["per_second"] > 0
    assert first["eta_s"] >= 0
    assert (last["done"], last["eta_s"]) == (300, 0.0)


def test_a_program_hears_no_end_of_what_nobody_knows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)

    with progress_bar("folding", total=None, shown=False, as_json=True) as show:
        show(100, "")

    said = json.loads(capsys.readouterr().err)
    assert (said["total"], said["eta_s"]) == (None, None)


def test_short_work_says_nothing_to_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar("folding", total=3, shown=False, as_json=True) as show:
        show(3, "")

    assert not capsys.readouterr().err


def test_who_sits_there_sees_how_much_and_how_fast(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")

    with progress_bar("folding", total=300, shown=True) as show:
        show(100, "eventstore.order/0")
        show(200, "eventstore.order/1")

    said = capsys.readouterr().err
    assert "200/300" in said
    assert "records/s" in said

"""A campaign passes only if all is zero and enough was tried; the reader's own checks are checked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from eventstore.events import Cut, EventMetadata, Position, RecordedEvent
from eventstore.events import Place as LogPlace
from teddy_es.faults.findings import Findings
from teddy_es.faults.reader import Feed, Memory
from teddy_es.faults.report import Report
from tests.plugins.mirrored import START

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLACE = LogPlace("eventstore.conversation", 3)


@pytest.fixture
def report() -> Report:
    """Of a campaign that passed."""
    counts: dict[str, Any] = {
        key: {} for key in ("answers", "modes", "faults", "records", "followed")
    }
    return Report(
        log="embedded", brokers=0, seed="7", seconds=60.0, appends=600, events=900, calls=700, kills=5,
        unknown=3, unknown_at_the_end=1, failures=4, texts=800, texts_erased=90, persons_erased=3, loads=9, reads=8, snapshots=7, runs=6, zeros=Findings().zeros, examples={}, **counts,
    )  # fmt: skip


def test_all_zero_passes_and_says_so(report: Report) -> None:
    assert report.passed
    assert list(report.lines())[-1] == "All zero."


def test_one_that_is_not_zero_fails_and_is_shown(report: Report) -> None:
    findings = Findings()
    findings.add("lost", "an example")
    failed = replace(report, zeros=findings.zeros, examples=dict(findings.examples))

    assert not failed.passed
    assert any("an example" in line for line in failed.lines())
    assert json.loads(json.dumps(failed.as_json()))["passed"] is False


def test_too_little_tried_fails_though_all_is_zero(report: Report) -> None:
    nothing = replace(report, too_little=["0 kills, at least 3 were wanted."])

    assert not nothing.passed
    assert "Nothing was tested: 0 kills, at least 3 were wanted." in nothing.lines()


# ---- the reader


def an_event(stream: str, version: int, offset: int) -> RecordedEvent:
    """One as the feed gives it."""
    metadata = EventMetadata(
        event_id=uuid4(), stream_id=stream, event_type="TeddyReplied", version=version,
        timestamp=START, correlation_id=None, causation_id=None,
    )  # fmt: skip
    position = Position(PLACE.topic, PLACE.partition, offset)
    return RecordedEvent(metadata, {}, 1, position, START, uuid4())


def taken(feed: Feed, events: Sequence[RecordedEvent], offset: int) -> list[str]:
    """What is wrong with a page."""
    return feed.take(events, Cut({PLACE: offset}))


def test_a_feed_that_goes_on_is_sound() -> None:
    feed = Feed(Memory())

    assert taken(feed, [an_event("child.1", 1, 0), an_event("child.1", 2, 1)], 2) == []
    assert taken(feed, [an_event("child.2", 1, 2)], 3) == []
    assert Counter(feed.heads) == Counter({"child.1": 2, "child.2": 1})


@pytest.mark.parametrize(
    ("event", "cut", "word"),
    [
        (an_event("child.1", 3, 2), 3, "went from 1 to 3"),
        (an_event("child.1", 1, 2), 3, "went from 1 to 1"),
        (an_event("child.1", 2, 0), 3, "came after a later one"),
        (an_event("child.1", 2, 2), 0, "the cut went back"),
    ],
    ids=["missed", "again", "out of order", "back"],
)
def test_a_feed_that_misses_repeats_or_goes_back_is_told(
    event: RecordedEvent, cut: int, word: str
) -> None:
    feed = Feed(Memory())
    taken(feed, [an_event("child.1", 1, 1)], 2)

    [wrong] = taken(feed, [event], cut)

    assert word in wrong


def test_an_event_of_a_shared_stream_that_reads_otherwise_than_before_is_told() -> None:
    memory = Memory()
    event = an_event("child.shared-1", 1, 1)

    assert memory.differs(event) == memory.differs(event) == []
    [wrong] = memory.differs(an_event("child.shared-1", 1, 1))  # has another id
    assert "reads otherwise" in wrong


# ---- the command


def test_a_directory_that_is_there_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Name a new directory"):
        call_command("torture", "--keep", str(tmp_path))


def test_without_a_checkout_the_command_says_where_to_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scripts.launcher.broken_world", None)

    with pytest.raises(CommandError, match="from a checkout"):
        call_command("torture", "--seed", "7", stderr=StringIO())

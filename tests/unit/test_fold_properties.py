"""The fold against the naive fold, on logs that hypothesis makes up: two readers of one text, one answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.errors import UnknownRuleVersion
from eventstore.events import Commit, Place
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import DECIDING, Entry, Judged, State, fold
from teddy_es.faults import naive
from teddy_es.faults.naive import Line, Record
from tests.strategies import (
    FOREIGN_STREAMS,
    GATE,
    HOME_STREAMS,
    PARTITIONS,
    logs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLACE = Place("eventstore.order", 0)
KNOWN = 3  # the rules of later versions are not written yet; switching them on is


def entries_of(records: Sequence[Record]) -> list[Entry]:
    """The records decoded, at offsets with holes, as control records leave them."""
    return [
        Entry(2 * i, r.recorded_at, r.key, r.value, decode(r.key, r.value))
        for i, r in enumerate(records)
    ]


def lines_of(judged: Sequence[Judged]) -> list[Line]:
    """What the real fold said, in the naive one's words."""
    return [
        Line(j.verdict.word, j.recorded_at, j.head, j.first_version) for j in judged
    ]


def fold_in_chunks(
    entries: Sequence[Entry], sizes: Iterator[int], *, known: int = KNOWN
) -> list[Judged]:
    """Fold as an indexer does: chunk by chunk, handing over only what each chunk's entries name."""
    heads: dict[str, int] = {}
    commits: set[tuple[str, object]] = set()
    event_ids: set[tuple[str, object]] = set()
    judged: list[Judged] = []
    rule_version, last_recorded_at, cursor = 1, 0, 0
    while cursor < len(entries):
        chunk = entries[cursor : cursor + next(sizes)]
        named = [e.content for e in chunk if isinstance(e.content, Commit)]
        streams = {c.stream_id for c in named}
        state = State(
            PLACE,
            PARTITIONS,
            rule_version,
            last_recorded_at,
            {stream: heads.get(stream, 0) for stream in streams},
            {(c.stream_id, c.commit_id) for c in named} & commits,
            {(c.stream_id, e.event_id) for c in named for e in c.events} & event_ids,
        )
        try:
            folded = fold(state, chunk, known=known)
        except UnknownRuleVersion:
            return judged
        judged += folded.judged
        heads |= folded.heads
        commits |= folded.commits
        event_ids |= folded.event_ids
        rule_version = folded.rule_version
        last_recorded_at = folded.last_recorded_at
        cursor += len(folded.judged)
    return judged


def at_once() -> Iterator[int]:
    """All of the log in one chunk."""
    while True:
        yield 1_000_000


def cycling(sizes: Sequence[int]) -> Iterator[int]:
    """These chunk sizes, over and over."""
    while True:
        yield from sizes


@GATE
@given(records=logs(), known=st.integers(1, KNOWN))
def test_the_fold_and_the_naive_fold_give_the_same_verdicts(
    records: list[Record], known: int
) -> None:
    judged = fold_in_chunks(entries_of(records), at_once(), known=known)

    expected = naive.fold(PLACE.topic, 0, PARTITIONS, records, known=known)
    assert lines_of(judged) == expected


@GATE
@given(
    records=logs(),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    known=st.integers(1, KNOWN),
)
def test_folding_in_chunks_equals_folding_at_once(
    records: list[Record], sizes: list[int], known: int
) -> None:
    entries = entries_of(records)

    in_chunks = fold_in_chunks(entries, cycling(sizes), known=known)

    assert in_chunks == fold_in_chunks(entries, at_once(), known=known)


@GATE
@given(records=logs())
def test_every_log_keeps_what_the_rules_promise(records: list[Record]) -> None:
    judged = fold_in_chunks(entries_of(records), at_once())

    versions_have_no_holes(judged)
    commit_ids_are_decided_once(judged)
    recorded_at_never_runs_backwards(judged)


def versions_have_no_holes(judged: Sequence[Judged]) -> None:
    """Accepted events of a stream are numbered 1, 2, 3 …"""
    heads: Counter[str] = Counter()
    for one in judged:
        content = one.entry.content
        if one.first_version is not None and isinstance(content, Commit):
            assert one.first_version == heads[content.stream_id] + 1
            heads[content.stream_id] += len(content.events)


def commit_ids_are_decided_once(judged: Sequence[Judged]) -> None:
    """Of the records of a stream with one commit id, the first decides and the others repeat it."""
    decided = [
        (one.entry.content.stream_id, one.entry.content.commit_id)
        for one in judged
        if isinstance(one.entry.content, Commit) and one.verdict in DECIDING
    ]
    assert len(set(decided)) == len(decided)


def recorded_at_never_runs_backwards(judged: Sequence[Judged]) -> None:
    """Whatever the broker's clock does."""
    times = [one.recorded_at for one in judged]
    assert times == sorted(times)
    assert all(one.recorded_at >= one.entry.recorded_at for one in judged)


def test_the_logs_of_these_tests_meet_every_verdict() -> None:
    """A strategy that stopped making duplicates would leave all of this green and say nothing."""
    seen: Counter[str] = Counter()

    @GATE
    @given(records=logs())
    def look(records: list[Record]) -> None:
        seen.update(line.verdict for line in naive.fold(PLACE.topic, 0, 2, records))

    look()

    wanted = "accepted duplicate wrong_expected_version event_id_reused malformed"
    assert all(seen[verdict] > 25 for verdict in wanted.split()), seen


@pytest.mark.parametrize("stream_id", HOME_STREAMS + FOREIGN_STREAMS)
def test_the_streams_of_these_tests_live_where_they_say(stream_id: str) -> None:
    topic = "eventstore." + stream_id.partition(".")[0]

    at_home = (topic, naive.home(stream_id, PARTITIONS)) == ("eventstore.order", 0)

    assert at_home == (stream_id in HOME_STREAMS)

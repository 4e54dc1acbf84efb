"""Hold mirror, index, heads and cursors against the naive fold of the log: an independent reading of the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.conf import conf
from eventstore.events import Place, pack
from eventstore.protocol.fold import Verdict
from eventstore.testing.log_given import read_all
from teddy_es.faults import naive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.ports import LogRecord
    from tests.support.worlds import World

_RECORDS = """
SELECT position, verdict, floor(extract(epoch FROM recorded_at) * 1000)::bigint, head, first_version, key, value
  FROM eventstore_record WHERE position BETWEEN %s AND %s ORDER BY position
"""
_EVENTS = """
SELECT position, stream_id, version, event_id::text FROM eventstore_event
 WHERE position BETWEEN %s AND %s ORDER BY position
"""
_HEADS = """
SELECT stream_id, version, floor(extract(epoch FROM first_recorded_at) * 1000)::bigint,
       floor(extract(epoch FROM last_recorded_at) * 1000)::bigint
  FROM eventstore_stream WHERE type_number = %s ORDER BY stream_id COLLATE "C"
"""


def audit(world: World) -> None:
    """Fold everything, then compare all four tables with the log, place by place."""
    world.network.be_good()
    world.fold(world.store())
    heads: dict[str, tuple[int, int, int]] = {}
    for place in world.topics.places:
        records = read_all(world.log, place)
        lines = folded(place, records)
        assert world.cursor(place) == len(records), f"{place} is not folded to its end"
        _compare_mirror(world, place, records, lines)
        _compare_index(world, place, records, lines)
        _add_heads(heads, records, lines)
    (number,) = world.topics.numbers.values()
    found = {s: tuple(rest) for s, *rest in world.query(_HEADS, number)}
    assert found == heads


def folded(place: Place, records: Sequence[LogRecord]) -> list[naive.Line]:
    """The naive fold of a place's records."""
    plain = [naive.Record(r.recorded_at, r.key, r.value) for r in records]
    return naive.fold(place.topic, place.partition, conf.PARTITIONS, plain)


def _compare_mirror(
    world: World, place: Place, records: Sequence[LogRecord], lines: list[naive.Line]
) -> None:
    rows = [_plain(row) for row in world.query(_RECORDS, *world.range_of(place))]
    first = world.range_of(place)[0]
    assert rows == [
        (first + (n << 10), line.verdict, line.recorded_at, line.head, line.first_version,
         record.key, record.value)
        for n, (record, line) in enumerate(zip(records, lines, strict=True))
    ]  # fmt: skip


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    position, verdict, *rest = row
    return position, Verdict(verdict).word, *rest


def _compare_index(
    world: World, place: Place, records: Sequence[LogRecord], lines: list[naive.Line]
) -> None:
    number = world.topics.numbers[place.topic]
    expected = []
    for offset, (record, line) in enumerate(zip(records, lines, strict=True)):
        if line.first_version is None:
            continue
        commit = naive.read(record.key, record.value)
        assert commit is not None
        expected += [
            (pack(number, place.partition, offset, i), commit["stream_id"],
             line.first_version + i, event["event_id"])
            for i, event in enumerate(commit["events"])
        ]  # fmt: skip
    assert world.query(_EVENTS, *world.range_of(place)) == expected


def _add_heads(
    heads: dict[str, tuple[int, int, int]],
    records: Sequence[LogRecord],
    lines: list[naive.Line],
) -> None:
    for record, line in zip(records, lines, strict=True):
        if line.first_version is None:
            continue
        commit = naive.read(record.key, record.value)
        assert commit is not None
        stream, n = commit["stream_id"], len(commit["events"])
        _, first, _ = heads.get(stream, (0, line.recorded_at, 0))
        heads[stream] = line.first_version + n - 1, first, line.recorded_at

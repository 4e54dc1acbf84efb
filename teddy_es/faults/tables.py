"""Holds PostgreSQL's rows against the fold, row by row; and their bytes before a rebuild against those after."""

from __future__ import annotations

from hashlib import sha256
from itertools import zip_longest
from struct import pack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import psycopg

    from teddy_es.faults.findings import Findings
    from teddy_es.faults.judge import Place
    from teddy_es.faults.naive import Line, Record

    Judged = tuple[int, Record, Line, dict[str, Any] | None]

# The numbers that the registry gave the types for ever, and the mirror the verdicts.
TYPE_NUMBERS: Final = {"eventstore.child": 1, "eventstore.conversation": 2}
_VERDICTS: Final = {
    "accepted": 1,
    "duplicate": 2,
    "wrong_expected_version": 3,
    "event_id_reused": 4,
    "malformed": 5,
    "activation": 6,
}

_RECORDS: Final = """
SELECT position, verdict, floor(extract(epoch FROM recorded_at) * 1000)::bigint, head, first_version,
       commit_id::text, stream_id, event_count, key, value, hash
  FROM eventstore_record WHERE position >= %s AND position < %s ORDER BY position
"""
_EVENTS: Final = """
SELECT position, event_id::text, stream_id, version, event_type,
       to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       floor(extract(epoch FROM recorded_at) * 1000)::bigint, correlation_id::text, causation_id::text
  FROM eventstore_event WHERE position >= %s AND position < %s ORDER BY position
"""
_HEADS: Final = """
SELECT stream_id, version, floor(extract(epoch FROM first_recorded_at) * 1000)::bigint,
       floor(extract(epoch FROM last_recorded_at) * 1000)::bigint
  FROM eventstore_stream WHERE type_number IN (1, 2) ORDER BY stream_id COLLATE "C"
"""
_ALL: Final = (
    "SELECT * FROM eventstore_record ORDER BY position",
    "SELECT * FROM eventstore_event ORDER BY position",
    'SELECT * FROM eventstore_stream ORDER BY stream_id COLLATE "C"',
    # without the generation, which each rebuild makes anew
    'SELECT id, topic, partition, partitions, topic_id, "cursor", last_recorded_at, rule_version'
    " FROM eventstore_partition ORDER BY id",
)


class Head(NamedTuple):
    """A stream as the heads' table must have it."""

    version: int
    first_recorded_at: int
    last_recorded_at: int


class Rows:
    """Compares partition by partition; the heads at the end."""

    def __init__(self, connection: psycopg.Connection[Any], findings: Findings) -> None:
        self._connection = connection
        self._findings = findings
        self._heads: dict[str, Head] = {}

    def compare(self, place: Place, judged: Iterable[Judged]) -> None:
        """Mirror and index of one partition."""
        start = (TYPE_NUMBERS[place.topic] << 9 | place.partition) << 48
        records: list[tuple[Any, ...]] = []
        events: list[tuple[Any, ...]] = []
        for one in judged:
            records.append(_record_row(start, place, one))
            events.extend(self._event_rows(start, one))
        bounds = (start, start + (1 << 48))
        self._same(f"mirror of {place}", self._query(_RECORDS, bounds), records)
        rows = list(self._query(_EVENTS, bounds))
        self._same(f"index of {place}", rows, events)
        self._versions(rows)

    def compare_heads(self) -> None:
        """All streams, when all partitions were compared."""
        right = [(stream, *self._heads[stream]) for stream in sorted(self._heads)]
        self._same("heads", self._query(_HEADS, ()), right)

    def digest(self) -> str:
        """Of all rows, in hexadecimal."""
        summed = sha256()
        for sql in _ALL:
            with self._connection.cursor().copy(f"COPY ({sql}) TO STDOUT") as copy:
                for block in copy:
                    summed.update(block)
        return summed.hexdigest()

    def _event_rows(self, start: int, judged: Judged) -> Iterator[tuple[Any, ...]]:
        offset, _, line, content = judged
        if line.first_version is None or content is None:
            return
        stream, at = content["stream_id"], line.recorded_at
        last = line.first_version + len(content["events"]) - 1
        first_at = (
            self._heads[stream].first_recorded_at if stream in self._heads else at
        )
        self._heads[stream] = Head(last, first_at, at)
        for n, event in enumerate(content["events"]):
            yield (
                start + (offset << 10) + n, event["event_id"], stream, line.first_version + n,
                event["type"], event["occurred_at"], at, event["correlation_id"], event["causation_id"],
            )  # fmt: skip

    def _query(self, sql: str, bounds: tuple[int, ...]) -> Iterable[tuple[Any, ...]]:
        with self._connection.transaction(), self._connection.cursor("judge") as cursor:
            cursor.itersize = 5_000
            yield from cursor.execute(sql.encode(), bounds)

    def _same(
        self,
        what: str,
        rows: Iterable[tuple[Any, ...]],
        right: Iterable[tuple[Any, ...]],
    ) -> None:
        for row, wanted in zip_longest(rows, right):
            if row != wanted:
                self._findings.add(
                    "index", f"{what}: {row} where the fold has {wanted}"
                )

    def _versions(self, events: Iterable[tuple[Any, ...]]) -> None:
        """Each stream's versions are 1, 2, 3 … in the order of the log."""
        heads: dict[str, int] = {}
        for _, _, stream, version, *_ in events:
            before = heads.get(stream, 0)
            if version <= before:
                self._findings.add("doubles", f"{stream} has {version} twice")
            elif version > before + 1:
                self._findings.add(
                    "holes", f"{stream} has none between {before} and {version}"
                )
            heads[stream] = max(version, before)


def _record_row(start: int, place: Place, judged: Judged) -> tuple[Any, ...]:
    offset, record, line, content = judged
    commit = content if line.verdict not in ("malformed", "activation") else None
    return (
        start + (offset << 10), _VERDICTS[line.verdict], line.recorded_at, line.head, line.first_version,
        commit and commit["commit_id"], commit and commit["stream_id"], commit and len(commit["events"]),
        record.key, record.value, record_hash(place, offset, line.recorded_at, record),
    )  # fmt: skip


def record_hash(place: Place, offset: int, recorded_at: int, record: Record) -> bytes:
    """SHA-256(0x00 ‖ topic ‖ partition ‖ offset ‖ recorded_at ‖ key ‖ value), each behind its length."""
    summed = sha256(b"\0")
    numbers = (pack(">q", number) for number in (place.partition, offset, recorded_at))
    for part in (place.topic.encode(), *numbers, record.key, record.value):
        summed.update(pack(">q", -1 if part is None else len(part)) + (part or b""))
    return summed.digest()

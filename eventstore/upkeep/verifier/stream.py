"""One stream against the log, in bounds, while somebody waits: what a page can promise, and what only `Verifier` can.

Held against each other are the log's bytes, the mirror's rows, the index's rows and the stream's head. Not asked is what needs the
whole partition: whether the fold would accept the same commits today.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import LogTruncated, LogUnanswered, LogUnreadable
from eventstore.events import Commit, Place, to_milliseconds, unpack
from eventstore.indexer.columns import EVENT, RECORD
from eventstore.indexer.rows import rows_of
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry, Judged, Verdict
from eventstore.queries import browse
from eventstore.queries.connection import read_rows
from eventstore.queries.positions import position_of
from eventstore.upkeep.verifier import statements
from eventstore.upkeep.verifier.comparing import Row, first_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eventstore.ports import Log, LogRecord

COMMITS: Final = 500
"""How many commits one look compares at the most."""
SECONDS: Final = 5.0
"""How long it reads the log at the most; what it did not come to is said."""
_STRETCH: Final = 65_536  # bytes of the log at a time: a stream's commits lie far apart, and between them is others'


@dataclass(slots=True)
class StreamFindings:
    """What was compared, and every commit that differs. versions: from `first` up to `last`, which is before `first` if there were none.

    with_log: how many of the commits were held against the log's own bytes; is_silent: whether it did not answer for more. has_more: whether versions beyond
    `last` are left.
    """

    stream_id: str
    head: int
    first: int
    last: int
    commits: int = 0
    events: int = 0
    with_log: int = 0
    has_more: bool = False
    is_silent: bool = False
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing differs in what was compared."""
        return not self.differences


def verify_stream(
    stream_id: str,
    make_log: Callable[[], Log],
    *,
    first: int = 1,
    commits: int = COMMITS,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> StreamFindings | None:
    """Compare the commits from the one that holds version `first` on; None for a stream that is not there.

    1. the head, before the rows: they reach it at the least   2. the mirror's rows and the index's
    3. the log's bytes, until the time is over                 4. each commit by itself, and that one follows on the other
    Raises `IndexIncomplete`, `PartitionSetAside`.
    """
    head = browse.stream(stream_id)  # 1
    if head is None:
        return None
    found = _records(stream_id, first, commits + 1)  # 2
    rows = found[:commits]
    begin = rows[0]["first_version"] if rows else first
    findings = StreamFindings(stream_id, head.version, begin, begin - 1)
    index = _events(stream_id, begin, _end(rows, begin))
    with closing(make_log()) as log:
        reader = _Reader(log, clock, clock() + seconds)
        for row in rows:
            _judge(findings, row, index, reader.at(row))  # 3, 4
    findings.differences += [
        f"{_where(one)}: the index has a row that no commit demands" for one in index
    ]
    findings.is_silent = reader.is_silent
    findings.has_more = len(found) > commits
    if not findings.has_more:
        _hold_head(findings)
    return findings


# ---- below: how ------------------------------------------------------------------------------------------------------


def _hold_head(findings: StreamFindings) -> None:
    """Mirror, index and head move in one transaction: rows beyond the head that was read first have come since, and it with them."""
    if findings.last > findings.head and (now := browse.stream(findings.stream_id)):
        findings.head = min(now.version, findings.last)
    if findings.last != findings.head:
        findings.differences.append(
            f"the stream's head says version {findings.head}, its commits end at {findings.last}"
        )


def _records(stream_id: str, first: int, limit: int) -> list[dict[str, Any]]:
    given = {"stream": stream_id, "first": first, "limit": limit}
    rows = read_rows(statements.OF_STREAM, given)
    return [dict(zip(RECORD, row, strict=True)) for row in rows]


def _events(stream_id: str, first: int, end: int) -> dict[int, list[Row]]:
    """The index's rows, by the record that each says it stands in."""
    given = {"stream": stream_id, "first": first, "end": end}
    found: dict[int, list[Row]] = {}
    for row in read_rows(statements.INDEX_OF_STREAM, given):
        found.setdefault(row[0] - position_of(row[0]).index, []).append(row)
    return found


def _end(rows: Sequence[dict[str, Any]], begin: int) -> int:
    return rows[-1]["first_version"] + rows[-1]["event_count"] if rows else begin


class _Reader:
    """The log's records at rising offsets of a stream; None from where on the time is over, or the log is silent."""

    def __init__(self, log: Log, clock: Callable[[], float], until: float) -> None:
        self._log = log
        self._clock = clock
        self._until = until
        self._batch: dict[int, LogRecord] = {}
        self.is_silent = False

    def at(self, row: dict[str, Any]) -> LogRecord | str | None:
        """The record; in words, why the log has none there; None if it was not asked."""
        place, offset = _place(row), position_of(row["position"]).offset
        if offset not in self._batch:
            if self.is_silent or self._clock() >= self._until:
                return None
            try:
                batch = self._log.read(place, offset, max_bytes=_STRETCH)
            except LogUnanswered:
                self.is_silent = True
                return None
            except (LogTruncated, LogUnreadable):
                return "the log cannot show it"
            self._batch = {one.offset: one for one in batch.records}
        return self._batch.get(offset, "the log has nothing there")


def _judge(
    findings: StreamFindings,
    row: dict[str, Any],
    index: dict[int, list[Row]],
    logged: LogRecord | str | None,
) -> None:
    where = _where(row["position"])
    for what in _wrong(findings, row, index.pop(row["position"], []), logged):
        findings.differences.append(f"{where}: {what}")
    findings.commits += 1
    findings.events += row["event_count"]
    findings.with_log += logged is not None
    findings.last = row["first_version"] + row["event_count"] - 1


def _wrong(
    findings: StreamFindings,
    row: dict[str, Any],
    there: list[Row],
    logged: LogRecord | str | None,
) -> Iterator[str]:
    if row["first_version"] != findings.last + 1:
        yield f"version {findings.last + 1} is missing before it"
    if isinstance(logged, str):
        yield logged
        return
    entry = _entry(row, logged)
    commit = entry.content
    if not isinstance(commit, Commit) or commit.stream_id != findings.stream_id:
        yield "its bytes hold no commit of this stream"
        return
    if not commit.expected.holds_for(row["first_version"] - 1):
        yield "it expected the stream at another version"
    if difference := _difference(_place(row), row, there, entry):
        yield difference


def _entry(row: dict[str, Any], logged: LogRecord | None) -> Entry:
    """The log's record; the mirror's, where the log was not asked."""
    if logged is not None:
        key, value = logged.key, logged.value
    else:
        key, value = (_bytes(row[name]) for name in ("key", "value"))
    recorded_at = to_milliseconds(row["recorded_at"])
    at = recorded_at if logged is None else logged.recorded_at
    return Entry(
        position_of(row["position"]).offset, at, key, value, decode(key, value)
    )


def _difference(
    place: Place, row: dict[str, Any], there: list[Row], entry: Entry
) -> str | None:
    # a record that the log dates before the one in front of it has that one's time (rule 4), which is not read here
    recorded_at = max(entry.recorded_at, to_milliseconds(row["recorded_at"]))
    first = row["first_version"]
    judged = Judged(entry, recorded_at, Verdict.ACCEPTED, first - 1, first)
    number, *_ = unpack(row["position"])
    wanted = rows_of(place, number, [judged])
    mirrored = [
        tuple(_bytes(row[name]) if name in _BYTES else row[name] for name in RECORD)
    ]
    found = first_difference(
        place, "mirror", RECORD, wanted.records, mirrored
    ) or first_difference(place, "index", EVENT, wanted.events, there)
    return None if found is None else found.what


_BYTES: Final = {"key", "value", "hash"}


def _where(packed: int) -> str:
    return str(position_of(packed))


def _place(row: dict[str, Any]) -> Place:
    position = position_of(row["position"])
    return Place(position.topic, position.partition)


def _bytes(column: Any) -> bytes | None:
    return None if column is None else bytes(column)

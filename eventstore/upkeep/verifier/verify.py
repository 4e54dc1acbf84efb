"""Folds the log once more, in memory, and compares every row that should be there with those that are.

Reads the database in one snapshot, so that it can run while others write; needs memory for the ids and heads of
one topic. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from eventstore.conf import registry
from eventstore.errors import LogMisconfigured, LogTruncated, LogUnreadable
from eventstore.events import (
    MAX_OFFSET,
    Commit,
    Place,
    stream_type_of,
    to_milliseconds,
)
from eventstore.indexer.clocks import OFF
from eventstore.indexer.columns import EVENT, RECORD
from eventstore.indexer.rows import rows_of
from eventstore.log.partitioning import refuse_another_count
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry, Folded, Verdict
from eventstore.protocol.positions import first_of
from eventstore.registry import Problem
from eventstore.upkeep.verifier import statements
from eventstore.upkeep.verifier.boxes import look_into
from eventstore.upkeep.verifier.comparing import Row, first_difference, written_position
from eventstore.upkeep.verifier.findings import Difference, Findings, PlaceFindings
from eventstore.upkeep.verifier.replay import Replay

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from eventstore.log.topics import Topics
    from eventstore.ports import Batch, Extent, Log, Opener

Progress = Callable[[Place, int], None]


class Verifier:
    """One verification: `run` it once. now: from when on a record is counted as dated in the future. opener: what is sealed is opened, too."""

    def __init__(
        self,
        topics: Topics,
        log: Log,
        connection: psycopg.Connection[Any],
        *,
        now: datetime,
        opener: Opener | None = None,
    ) -> None:
        self._opener = opener
        self._topics = topics
        self._log = log
        self._connection = connection
        self._future = to_milliseconds(now) + round(OFF * 1000)
        self._streams: dict[str, tuple[int, datetime, datetime]] = {}
        self._findings = Findings()

    def run(self, places: Sequence[Place], *, progress: Progress) -> Findings:
        """Compare these partitions, and the heads of each topic of which all partitions are among them.

        Stops in a partition at its first difference and goes on with the next. Raises what the log
        raises, and `UnknownRuleVersion` where this code cannot judge.
        """
        self._connection.execute("SET idle_in_transaction_session_timeout = 0")
        self._connection.execute("SET statement_timeout = 0")
        self._connection.execute("SET transaction_timeout = 0")
        with self._connection.transaction():
            self._connection.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )
            self._rows(
                statements.BEGIN_SNAPSHOT
            )  # before the log's ends: they are then no older
            extents = self._log.extents(places)
            for topic in self._topics.numbers:
                mine = [place for place in places if place.topic == topic]
                self._streams = {}
                for place in mine:
                    self._findings.places.append(
                        self._place(place, extents[place], progress)
                    )
                if len(mine) == self._topics.partitions and not self._found_wrong(mine):
                    self._heads(topic)
            if len(places) == len(self._topics.places):
                self._elsewhere()
                self._counts()
            ((shared,),) = self._rows(statements.SHARED_EVENT_IDS)
            self._findings.event_ids_in_several_streams = shared
        return self._findings

    # ---- one partition

    def _place(self, place: Place, extent: Extent, progress: Progress) -> PlaceFindings:
        findings = PlaceFindings(place)
        rows = self._rows(statements.PARTITION, id=self._topics.partition_id(place))
        if not rows:
            findings.difference = Difference(
                str(place), "the database has no row for this partition"
            )
            return findings
        cursor, last_recorded_at, rule_version, partitions = rows[0]
        findings.unfolded = max(0, extent.end - cursor)
        if extent.start or extent.end < cursor:
            findings.difference = Difference(
                str(place),
                f"the log holds offsets {extent.start} to {extent.end - 1}, the cursor stands at {cursor}",
            )
            return findings
        replay = Replay(place, partitions)
        self._compare_all(findings, replay, cursor, progress)
        if findings.difference is None and (
            (replay.last_recorded_at, replay.rule_version)
            != (last_recorded_at, rule_version)
        ):
            findings.difference = Difference(
                str(place), "its row has another state than the fold"
            )
        if findings.difference is None and findings.unfolded:
            findings.difference = replay.stop_at(self._read(findings, cursor))
        return findings

    def _compare_all(
        self, findings: PlaceFindings, replay: Replay, cursor: int, progress: Progress
    ) -> None:
        offset = 0
        while offset < cursor and findings.difference is None:
            batch = self._read(findings, offset)
            if batch is None:
                return
            entries = [
                Entry(r.offset, r.recorded_at, r.key, r.value, decode(r.key, r.value))
                for r in batch.records
                if r.offset < cursor
            ]
            end = min(batch.next_offset, cursor)
            findings.difference = self._compare(findings, replay, entries, offset, end)
            progress(replay.place, end - offset)
            offset = end
        if findings.difference is None:
            findings.difference = self._beyond(replay.place, cursor)

    def _read(self, findings: PlaceFindings, offset: int) -> Batch | None:
        """A stretch of the log; None, with the difference noted, if there is none where one must be."""
        try:
            batch = self._log.read(findings.place, offset)
        except LogTruncated as error:
            what = error.found
        except LogUnreadable as error:
            what = f"the log cannot be unpacked at offset {error.offset}"
        else:
            if batch.next_offset > offset:
                return batch
            what = f"the log shows nothing at offset {offset}"
        findings.difference = Difference(str(findings.place), what)
        return None

    def _compare(
        self,
        findings: PlaceFindings,
        replay: Replay,
        entries: Sequence[Entry],
        offset: int,
        end: int,
    ) -> Difference | None:
        folded = replay.fold(entries)
        place, number = replay.place, self._topics.numbers[replay.place.topic]
        partition = self._topics.partition_id(place)
        rows = rows_of(place, number, folded.judged)
        span = {"first": first_of(partition, offset), "last": first_of(partition, end)}
        self._count(findings, folded)
        self._note_heads(rows.new, rows.moved)
        return first_difference(
            place,
            "mirror",
            RECORD,
            rows.records,
            self._rows(statements.RECORDS, **span),
        ) or first_difference(
            place,
            "index",
            EVENT,
            rows.events,
            self._rows(statements.EVENTS, **span),
        )

    def _beyond(self, place: Place, cursor: int) -> Difference | None:
        partition = self._topics.partition_id(place)
        span = {
            "first": first_of(partition, cursor),
            "last": first_of(partition, MAX_OFFSET - 1),
        }
        for table, statement in statements.BEYOND.items():
            if rows := self._rows(statement, **span):
                return Difference(
                    written_position(place, rows[0][0]),
                    f"the {table} has a row beyond the cursor",
                )
        return None

    # ---- what no partition accounts for

    def _counts(self) -> None:
        """All of a log can be folded with a wrong number of partitions; most of it is then malformed, and nothing differs."""
        for topic in self._topics.numbers:
            try:
                refuse_another_count(self._log, topic, self._topics.partitions)
            except LogMisconfigured as error:
                self._findings.elsewhere.append(Difference(topic, error.problem))

    def _elsewhere(self) -> None:
        """Rows of places that are none: nobody would meet them by going through the partitions."""
        ids = [self._topics.partition_id(place) for place in self._topics.places]
        numbers = list(self._topics.numbers.values())
        for what, statement in statements.ELSEWHERE.items():
            rows = self._rows(statement, ids=ids, numbers=numbers)
            if rows:
                self._findings.elsewhere.append(
                    Difference(
                        what, f"{rows[0][0]} belongs to no partition of this store"
                    )
                )

    def _found_wrong(self, places: Sequence[Place]) -> bool:
        """Whether one of these partitions differs: its heads are then known only in part."""
        return any(p.difference for p in self._findings.places if p.place in places)

    # ---- heads

    def _note_heads(self, new: Sequence[Row], moved: Sequence[Row]) -> None:
        for stream_id, version, first, last in new:
            self._streams[stream_id] = version, first, last
        for stream_id, version, last in moved:
            self._streams[stream_id] = version, self._streams[stream_id][1], last

    def _heads(self, topic: str) -> None:
        there = {
            row[0]: tuple(row[1:])
            for row in self._rows(
                statements.STREAMS, number=self._topics.numbers[topic]
            )
        }
        self._findings.streams += len(there)
        if there == self._streams:
            return
        wrong = min(
            s
            for s in there.keys() | self._streams.keys()
            if there.get(s) != self._streams.get(s)
        )
        what = "differs" if wrong in there and wrong in self._streams else "is missing"
        if wrong not in self._streams:
            what = "should not be there"
        self._findings.heads[topic] = Difference(
            f"{topic} {wrong}", f"the stream's head {what}"
        )

    # ---- inside

    def _count(self, findings: PlaceFindings, folded: Folded) -> None:
        types, accepted = registry(), list[tuple[int, Commit]]()
        for one in folded.judged:
            findings.records += 1
            findings.malformed += one.verdict is Verdict.MALFORMED
            findings.redated += one.entry.recorded_at < one.recorded_at
            findings.ahead += one.entry.recorded_at > self._future
            commit = one.entry.content
            if one.verdict is Verdict.ACCEPTED and isinstance(commit, Commit):
                findings.events += len(commit.events)
                accepted.append((one.entry.offset, commit))
                stream_type = stream_type_of(commit.stream_id)
                for event in commit.events:
                    problem = types.problem_of(stream_type, event)
                    in_the_clear = problem == Problem.SENSITIVE_IN_CLEAR
                    findings.in_the_clear += in_the_clear
                    findings.unreadable += problem is not None and not in_the_clear
        look_into(findings.place, accepted, self._opener, findings)

    def _rows(self, statement: str, **parameters: object) -> list[Row]:
        return self._connection.execute(statement, parameters).fetchall()

"""Holds what the followers' handlers wrote against the accepted events: each exactly once, per stream in order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import psycopg

    from teddy_es.faults.findings import Findings
    from teddy_es.faults.judge import Place
    from teddy_es.faults.tables import Judged

WANTED: Final = {"all": None, "batches": "TeddyReplied", "troubled": None}
"""The subscriptions by name, and the type of event that each wants; none: all."""

# Nothing in it is unique: a row that is written twice must be seen.
MAKE: Final = """
CREATE TABLE campaign_followed (
    serial bigserial, subscription text, stream_id text, version int, event_id uuid, position text)
"""
_ROWS: Final = """
SELECT stream_id, version, event_id::text, position FROM campaign_followed WHERE subscription = %s ORDER BY serial
"""
_STRANGERS: Final = """
SELECT subscription, count(*) FROM campaign_followed WHERE NOT subscription = ANY(%s) GROUP BY subscription
"""

Key = tuple[str, int]  # stream id, version


class Event(NamedTuple):
    """An accepted event, as the log has it."""

    event_id: str
    position: str
    event_type: str


class Followed:
    """`noting` takes what the judge has taken, `compare` looks at the table. rows: by subscription."""

    def __init__(self, findings: Findings) -> None:
        self.rows: Counter[str] = Counter()
        self._findings = findings
        self._accepted: dict[Key, Event] = {}

    def noting(self, place: Place, judged: Iterable[Judged]) -> Iterator[Judged]:
        """Gives a partition's records on, and remembers the events that were accepted."""
        for one in judged:
            offset, _, line, content = one
            if line.first_version is not None and content is not None:
                where = f"{place.topic}/{place.partition}/{offset}"
                for n, event in enumerate(content["events"]):
                    key = content["stream_id"], line.first_version + n
                    event_seen = Event(event["event_id"], f"{where}/{n}", event["type"])
                    self._accepted[key] = event_seen
            yield one

    def compare(self, connection: psycopg.Connection[Any]) -> None:
        """When the whole log was taken: subscription by subscription."""
        for name, wanted in WANTED.items():
            right = {
                key: (event.event_id, event.position)
                for key, event in self._accepted.items()
                if wanted in (None, event.event_type)
            }
            with connection.transaction(), connection.cursor("followed") as cursor:
                cursor.itersize = 5_000
                self._subscription(name, right, cursor.execute(_ROWS, [name]))
        for name, number in connection.execute(_STRANGERS, [list(WANTED)]):
            self._findings.add("foreign", f"{name} is nobody, and has {number} rows")

    def _subscription(
        self,
        name: str,
        right: dict[Key, tuple[str, str]],
        rows: Iterable[tuple[str, int, str, str]],
    ) -> None:
        """right: what must be there."""
        seen: set[Key] = set()
        heads: dict[str, int] = {}
        for stream_id, version, *rest in rows:
            self.rows[name] += 1
            key, what = (stream_id, version), f"{name}: {stream_id} version {version}"
            if right.get(key) != tuple(rest):
                self._findings.add("foreign", f"{what}, {rest} is not in the log")
                continue
            if key in seen:
                self._findings.add("again", what)
                continue
            if version < heads.get(stream_id, 0):
                self._findings.add("disorder", f"{what} after {heads[stream_id]}")
            seen.add(key)
            heads[stream_id] = max(version, heads.get(stream_id, 0))
        for stream_id, version in right.keys() - seen:
            self._findings.add("missed", f"{name}: {stream_id} version {version}")

"""Holds loaded aggregates, kept snapshots and reads without an end against what the log says: a fold of its own.

What an aggregate's state is after its events is said here once more, in plain Python over the log's JSON; nothing is taken
from the domain.
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from teddy_es.faults.work import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from teddy_es.faults.findings import Findings
    from teddy_es.faults.judge import Place
    from teddy_es.faults.ledger import Ledger
    from teddy_es.faults.tables import Judged

State = dict[str, Any]
_BLANK: Final[dict[str, State]] = {
    "conversation": {"child_id": None, "utterances": 0, "is_over": False},
    "child": {"parent_id": None, "violations": {}},
}
_ROWS: Final = (
    "SELECT stream_id, version, event_id::text, state FROM eventstore_snapshot"
)
_JOBS: Final = """
SELECT job, error, count(*) FROM eventstore_jobrun WHERE error IN ('snapshot-drifted', 'verification-failed')
 GROUP BY job, error
"""
_DONE: Final = "SELECT count(*) FROM eventstore_jobrun WHERE outcome = 'done'"


def after(state: State, event_type: str, label: str) -> State:
    """The state behind one more event of the campaign's."""
    match event_type:
        case "ConversationStarted":
            return state | {"child_id": label}
        case "ChildSpoke" | "TeddyReplied":
            return state | {"utterances": state["utterances"] + 1}
        case "ChildRegistered":
            return state | {"parent_id": label}
    return state  # a violation that nobody detected


def _told(event: dict[str, Any]) -> str:
    """What of an event a state may hold: whom it is about where that is said first, else its name."""
    is_first = event["type"] == "ConversationStarted"
    return str(event["data"]["child_id"]) if is_first else label_of(event)


def digest(events: Iterable[tuple[int, str]]) -> str:
    """Of what a read gave: versions and event ids, in its order."""
    said = "\n".join(f"{version} {event_id}" for version, event_id in events)
    return sha256(said.encode()).hexdigest()


class Loaded:
    """`noting` takes what the judge has taken, `compare` holds the rest against it.

    counts: of loads, of reads without an end, of snapshots kept, and of runs of jobs that came to their end.
    """

    def __init__(self, findings: Findings) -> None:
        self.counts = dict.fromkeys(("loads", "reads", "snapshots", "runs"), 0)
        self._findings = findings
        self._ids: defaultdict[str, list[str]] = defaultdict(list)
        self._states: dict[str, list[State]] = {}

    def noting(self, place: Place, judged: Iterable[Judged]) -> Iterator[Judged]:
        """Gives a partition's records on, and folds the events that were accepted."""
        del place
        for one in judged:
            _, _, line, content = one
            if line.first_version is not None and content is not None:
                stream_id = content["stream_id"]
                blank = _BLANK[stream_id.partition(".")[0]]
                states = self._states.setdefault(stream_id, [blank])
                for event in content["events"]:
                    self._ids[stream_id].append(event["event_id"])
                    states.append(after(states[-1], event["type"], _told(event)))
            yield one

    def compare(self, ledger: Ledger, connection: psycopg.Connection[Any]) -> None:
        """When the whole log was taken."""
        for line in ledger.loads:
            self.counts["loads"] += 1
            self._same("loaded", line["s"], line["v"], line["state"])
        for line in ledger.reads:
            self.counts["reads"] += 1
            self._read(line["s"], line["from"], line["n"], line["d"], line["end"])
        for stream_id, version, event_id, state in connection.execute(_ROWS):
            self.counts["snapshots"] += 1
            if self._ids[stream_id][version - 1 : version] != [event_id]:
                what = f"{stream_id} version {version} is not {event_id}"
                self._findings.add("kept", what)
            else:
                self._same("kept", stream_id, version, json.loads(state))
        for job, error, number in connection.execute(_JOBS):
            self._findings.add("unexpected", f"{job}: {error}, {number} times")
        [(self.counts["runs"],)] = connection.execute(_DONE).fetchall()

    def _same(self, kind: str, stream_id: str, version: int, state: State) -> None:
        states: Sequence[State] = self._states.get(stream_id, ())
        right = states[version] if 0 < version < len(states) else None
        if state != right:
            what = f"{stream_id} at version {version}: {state}, the log says {right}"
            self._findings.add(kind, what)

    def _read(
        self, stream_id: str, first: int, number: int, said: str, end: int
    ) -> None:
        """first: where it began. end: the head that was seen before; it may have grown."""
        ids = self._ids[stream_id][first - 1 : first - 1 + number]
        right = digest(enumerate(ids, first))
        if said != right or first + number - 1 < end:
            what = f"{stream_id} from {first}: {number} events, head {end} before, are not the log's"
            self._findings.add("endless", what)

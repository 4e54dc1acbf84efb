"""Every fault that is planted in what was loaded, kept or read without an end is found; what is sound is found sound."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pytest
from django.db import connection

from eventstore.events import Expected, NewEvent
from eventstore.testing.memory import MemoryEventStore
from teddy_es.faults.findings import Findings
from teddy_es.faults.journal import Journal, facts
from teddy_es.faults.judge import Place
from teddy_es.faults.ledger import Ledger
from teddy_es.faults.loaded import Loaded, digest
from teddy_es.faults.loader import Loads
from teddy_es.faults.naive import Line, Record
from teddy_es.faults.plan import EVERYWHERE
from teddy_es.faults.reader import Memory, Streams
from teddy_es.faults.work import SHARED, shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from teddy_es.faults.tables import Judged

pytestmark = pytest.mark.django_db

PLACE = Place("eventstore.conversation", 0)
TALK, KID = shared(0), shared(1)
TYPES = {
    TALK: ["ChildSpoke", "ConversationStarted", "ChildSpoke", "ConversationStarted"],
    KID: ["SafetyViolationClaimed", "ChildRegistered", "SafetyViolationClaimed"],
}
FIELDS = {
    "SafetyViolationClaimed": "violation_id",
    "ChildRegistered": "parent_id",
    "ConversationStarted": "child_id",
    "ChildSpoke": "child_id",
}


def event_id(stream_id: str, version: int) -> str:
    """Always the same one."""
    return str(uuid5(UUID(int=0), f"{stream_id} {version}"))


def log() -> Iterator[Judged]:
    """Each event a record, as the judge gives it on; and one that the log refused."""
    for stream_id, types in TYPES.items():
        for version, name in enumerate(types, 1):
            event = {
                "event_id": event_id(stream_id, version),
                "type": name,
                "data": {
                    FIELDS[name]: f"{'kid' if stream_id == KID else 'talk'}-{version}"
                },
            }
            content = {"stream_id": stream_id, "events": [event]}
            yield (
                version,
                Record(0, b"", b""),
                Line("accepted", 0, None, version),
                content,
            )
    refused = Line("wrong_expected_version", 0, None, None)
    yield 9, Record(0, b"", b""), refused, {"stream_id": TALK, "events": [{}]}


def talk(utterances: int, version: int | None) -> dict[str, Any]:
    """A conversation's state. version: of the event that began it last."""
    began = version and f"talk-{version}"
    return {"child_id": began, "utterances": utterances, "is_over": False}


def load(stream_id: str, version: int, state: dict[str, Any]) -> dict[str, Any]:
    """A line of the loader's."""
    return {"t": "load", "s": stream_id, "v": version, "state": state}


def read(first: int, versions: list[int], end: int = 4) -> dict[str, Any]:
    """A line of the reader's: what it got of the conversation."""
    given = [(version, event_id(TALK, version)) for version in versions]
    return {"t": "read", "s": TALK, "from": first, "n": len(given), "d": digest(given), "end": end}  # fmt: skip


SOUND = [
    load(TALK, 1, talk(1, None)),
    load(TALK, 3, talk(2, 2)),
    load(TALK, 4, talk(2, 4)),
    load(KID, 1, {"parent_id": None, "violations": {}}),
    load(KID, 3, {"parent_id": "kid-2", "violations": {}}),
    read(1, [1, 2, 3, 4]),
    read(3, [3, 4]),
    read(5, []),
    read(1, [1, 2, 3, 4], end=2),
]


def zeros(*lines: dict[str, Any]) -> dict[str, int]:
    """What is not zero."""
    findings = Findings()
    held = Loaded(findings)
    assert len(list(held.noting(PLACE, log()))) == 8
    held.compare(Ledger.of(lines), connection.connection)
    return {kind: n for kind, n in findings.zeros.items() if n}


def keep(version: int, of: int, state: dict[str, Any]) -> None:
    """A row of the table of snapshots."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO eventstore_snapshot VALUES (%s, 1, '', %s, %s, %s, false, 0, '')",
            [TALK, version, event_id(TALK, of), json.dumps(state).encode()],
        )


@pytest.fixture(autouse=True)
def _connected(db: None) -> None:
    connection.ensure_connection()


def test_what_the_log_says_is_sound() -> None:
    keep(3, 3, talk(2, 2))

    assert zeros(*SOUND) == {}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (load(TALK, 3, talk(3, 2)), "loaded"),
        (load(TALK, 4, talk(2, 2)), "loaded"),
        (load(TALK, 5, talk(2, 4)), "loaded"),
        (load(TALK, 0, talk(0, None)), "loaded"),
        (load("child.none", 1, {"parent_id": None, "violations": {}}), "loaded"),
        (load(KID, 3, {"parent_id": "mallory", "violations": {}}), "loaded"),
        (read(1, [1, 2, 3, 4, 4]), "endless"),
        (read(1, [1, 2, 4]), "endless"),
        (read(1, [1, 3, 2, 4]), "endless"),
        (read(1, [1, 2, 3]), "endless"),
        (read(3, [2, 3, 4]), "endless"),
        (read(5, [4]), "endless"),
        (read(1, []), "endless"),
    ],
    ids=["one too many", "an event left out", "beyond the head", "version 0", "no such stream", "another's state",
         "the last twice", "one missing", "disorder", "ends too early", "begins too early", "behind the head",
         "nothing"],
)  # fmt: skip
def test_what_the_log_does_not_say_is_found(line: dict[str, Any], kind: str) -> None:
    assert zeros(*SOUND, line) == {kind: 1}


@pytest.mark.parametrize(
    ("version", "of", "state"),
    [(3, 3, talk(3, 2)), (3, 4, talk(2, 2)), (9, 3, talk(2, 2)), (4, 4, talk(2, 2))],
)
def test_a_snapshot_that_says_otherwise_is_found(
    version: int, of: int, state: dict[str, Any]
) -> None:
    keep(version, of, state)

    assert zeros(*SOUND) == {"kept": 1}


@pytest.mark.parametrize("error", ["snapshot-drifted", "verification-failed"])
def test_a_job_that_found_a_difference_is_found(error: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO eventstore_jobrun (job, due, until, runs, scope, counts, outcome, error)"
            " VALUES ('verify', now(), now(), 1, '', '{}', 'failed', %s)",
            [error],
        )

    assert zeros(*SOUND) == {"unexpected": 1}


# ---- those who ask, on a store that is broken on purpose


class Broken:
    """A store that gives the last event of a read without an end twice."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, stream_id: str, first: int, last: int | None = None) -> list[Any]:
        """See `EventStore`."""
        given = list(self._store.read(stream_id, first, last))
        return given if last else [*given, *given[-1:]]


class Forged:
    """Snapshots that somebody else has written."""

    version = 2
    state = b'{"child_id":"mallory","utterances":2,"is_over":false}'

    def newest(self, stream_id: str, *, at_most: int | None = None) -> Forged | None:
        """See `SnapshotStore`."""
        is_met = stream_id == TALK and (at_most is None or at_most >= 2)
        return self if is_met else None


class NoSnapshots:
    """None at all."""

    def newest(self, stream_id: str, *, at_most: int | None = None) -> None:
        """See `SnapshotStore`."""


@pytest.fixture
def store() -> MemoryEventStore:
    """The conversation as the log has it."""
    store = MemoryEventStore()
    for version, name in enumerate(TYPES[TALK], 1):
        data = {"child_id": f"talk-{version}"}
        data |= {"text": "x"} if name == "ChildSpoke" else {}
        given = UUID(event_id(TALK, version))
        store.append(TALK, [NewEvent(data, name, event_id=given)], Expected.ANY)
    return store


@pytest.mark.parametrize("broken", [False, True])
def test_a_reader_of_a_store_that_repeats_the_last_event_is_found_out(
    tmp_path: Path,
    store: MemoryEventStore,
    broken: bool,  # noqa: FBT001
) -> None:
    journal = Journal(tmp_path / "reader.ndjson")
    asked: Any = Broken(store) if broken else store
    streams = Streams(journal, Memory())
    for _ in range(24 * SHARED):
        streams.poll(asked)
    journal.close()

    said = [one for one in facts(tmp_path / "reader.ndjson") if one["n"] or not broken]
    mine = [one for one in said if one["s"] == TALK]

    assert mine
    assert zeros(*mine) == ({"endless": len(mine)} if broken else {})


@pytest.mark.parametrize(
    ("snapshots", "found"), [(NoSnapshots, set()), (Forged, {"loaded"})]
)
def test_a_loader_that_believes_what_others_wrote_is_found_out(
    tmp_path: Path, store: MemoryEventStore, snapshots: type[Any], found: set[str]
) -> None:
    journal = Journal(tmp_path / "loader.ndjson")
    chance = random.Random(1)  # noqa: S311  (repeatable)
    loads = Loads(store, journal, chance, lambda _cls: snapshots())
    for _ in range(10):
        loads.of(TALK)
        loads.of(shared(2))  # nothing was ever said there
    journal.close()

    said = list(facts(tmp_path / "loader.ndjson"))

    assert len(said) == 30
    assert zeros(*said).keys() == found


def test_a_worker_and_a_beat_are_among_those_who_are_killed() -> None:
    kinds = set(EVERYWHERE)

    assert {"worker kill", "worker stop", "beat kill", "loader kill"} <= kinds

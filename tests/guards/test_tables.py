"""The tables are touched by SQL alone, and only by the rooms whose work that is."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache

from tests.guards.sources import OURS, ROOT, name_of, python_files, tree_of

FOLDED = "partition|record|event|stream|indexcomplete|stoppedpartition|partitionact"
LOGS_OWN = "logrecord|logtail|logtopic"
JOBS_OWN = "jobrun"
ORIGIN = "unsealedstore"
FOLLOWERS = "subscription|checkpoint|parkedstream|subscriptionaction"
BLIND = "blinddigest"
SNAPSHOTS = "snapshot|snapshotpartition|snapshotbuild|snapshotfailure"
TABLE = re.compile(
    rf"\beventstore_({FOLDED}|{LOGS_OWN}|{JOBS_OWN}|{ORIGIN}|{SNAPSHOTS}|{FOLLOWERS}|{BLIND})\b"
)
WRITE = re.compile(
    rf"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|COPY)\s+(?:\w+, )*eventstore_({FOLDED})\b"
)

# Whose SQL may name a table, and why. A room that names none any more fails, too.
FOLDED_ROOMS = {
    "eventstore/upkeep/roles.py": "says who may change a row, and of which tables nobody may",
    "eventstore/indexer": "the fold reads its state and writes what it decided",
    "eventstore/log/topics.py": "the partitions' rows are made with the topics",
    "eventstore/registry/numbering.py": "the partitions' rows have the numbers of stream types",
    "eventstore/upkeep/rebuild.py": "empties what was folded",
    "eventstore/upkeep/restore": "puts the mirror's records back into the log, and says so in the partitions' rows",
    "eventstore/upkeep/verifier": "holds every row against the log",
    "eventstore/queries": "the read side's only surface",
    "eventstore/subscriptions": "a checkpoint is held with the cursor before it, and waits for an event by its key",
    "eventstore/appender": "an outcome is the log's only with the cursors beside it",
    "teddy_es/bench": "a stock ModelAdmin lists the index of events, for comparison",
    "teddy_es/faults": "an independent judge holds every row against the log",
}
WRITERS = {
    "eventstore/indexer",
    "eventstore/log/topics.py",
    "eventstore/upkeep/rebuild.py",
    "eventstore/upkeep/restore",
}
LOG_ROOMS = {
    "eventstore/upkeep/roles.py": "says who may change a row, and of which tables nobody may",
    "eventstore/log": "the log in tables",
    "teddy_es/faults": "an independent judge reads the log as it stands",
}
ORIGIN_ROOMS = {
    "eventstore/log": "who reads or writes asks whether the store is older than sealing",
    "eventstore/checks": "asks whether there is such a table yet",
}
JOB_ROOMS = {
    "eventstore/upkeep/jobs.py": "a run is a row",
    "eventstore/queries": "runs are shown",
    "teddy_es/faults": "an independent judge asks what they found",
}
FOLLOWER_ROOMS = {
    "eventstore/upkeep/roles.py": "says who may change a row, and of which tables nobody may",
    "eventstore/queries": "who follows, how far, and what is parked",
    "eventstore/subscriptions": "checkpoints, parked streams, what people did about them",
}
SNAPSHOT_ROOMS = {
    "eventstore/queries": "the newest of a stream, and what is due",
    "eventstore/snapshots": "writes the rows, and fills in what only the topics have",
    "eventstore/snapshots/builder": "how far it is, what it could not build, what has drifted",
    "teddy_es/faults": "an independent judge holds every row against the log",
    "teddy_es/bench": "has all of them built anew, in a database of its own",
}


# Tables of another database, and their own room's alone.
KEYS = re.compile(r"\bkeys_(subject|datakey|mark)\b")
KEY_ROOMS = {"teddy_es/faults", "eventstore/keys"}

BLIND_ROOMS = {"eventstore/blind"}

# Names of the register of places, and no statement: who counts what there is of a person.
NAMES_ONLY = {"eventstore/privacy/reaching.py"}

LISTED = {
    *FOLDED_ROOMS,
    *LOG_ROOMS,
    *ORIGIN_ROOMS,
    *JOB_ROOMS,
    *FOLLOWER_ROOMS,
    *SNAPSHOT_ROOMS,
}


def room_of(name: str) -> str:
    """The nearest listed room that a file stands in; else the first folder below its package."""
    steps = name.split("/")
    nearest = ("/".join(steps[:n]) for n in range(len(steps), 2, -1))
    return next((room for room in nearest if room in LISTED), "/".join(steps[:2]))


@cache
def texts() -> dict[str, list[str]]:
    """Every string of the code by room, docstrings left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in python_files(*OURS):
        if "migrations" in path.parts or name_of(path) in NAMES_ONLY:
            continue
        room = room_of(name_of(path))
        tree = tree_of(path)
        prose = {
            id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
        }
        found[room] += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
        ]
    return found


def rooms_that(pattern: re.Pattern[str], tables: str) -> set[str]:
    """The rooms in whose strings the pattern finds one of these tables."""
    return {
        room
        for room, strings in texts().items()
        for text in strings
        for table in pattern.findall(text)
        if table in tables.split("|")
    }


def test_only_these_rooms_name_what_is_folded() -> None:
    found = rooms_that(TABLE, FOLDED)

    assert found == set(FOLDED_ROOMS), (
        f"SQL on the store's tables in {sorted(found - set(FOLDED_ROOMS))}: ask eventstore.queries, or append an event."
        f" No more in {sorted(set(FOLDED_ROOMS) - found)}: take it out of FOLDED_ROOMS (tests/guards/test_tables.py)."
    )


def test_only_these_rooms_write_what_is_folded() -> None:
    found = rooms_that(WRITE, FOLDED)

    assert found == WRITERS, (
        f"{sorted(found ^ WRITERS)}: only fold, create, rebuild and restore write what is folded (rule 9)."
    )


def test_only_these_rooms_touch_the_logs_own_tables() -> None:
    found = rooms_that(TABLE, LOGS_OWN)

    assert found == set(LOG_ROOMS), (
        f"{sorted(found ^ set(LOG_ROOMS))}: the log's tables are the log's own. Ask the Log port."
    )


def test_only_the_log_asks_whether_a_store_is_older_than_sealing() -> None:
    assert rooms_that(TABLE, ORIGIN) == set(ORIGIN_ROOMS)


def test_only_these_rooms_touch_the_runs_of_jobs() -> None:
    assert rooms_that(TABLE, JOBS_OWN) == set(JOB_ROOMS)


def test_only_these_rooms_touch_the_tables_of_snapshots() -> None:
    found = rooms_that(TABLE, SNAPSHOTS)

    assert found == set(SNAPSHOT_ROOMS), (
        f"{sorted(found ^ set(SNAPSHOT_ROOMS))}: ask a SnapshotStore; to write a snapshot, it has `write`."
    )


def test_only_these_rooms_touch_the_tables_of_followers() -> None:
    found = rooms_that(TABLE, FOLLOWERS)

    assert found == set(FOLLOWER_ROOMS), (
        f"{sorted(found ^ set(FOLLOWER_ROOMS))}: ask eventstore.queries.subscriptions; to act, `Operating`."
    )


def test_only_the_key_store_touches_the_tables_of_keys() -> None:
    rooms = {room for room, said in texts().items() if any(map(KEYS.search, said))}

    assert rooms == KEY_ROOMS, (
        f"{sorted(rooms ^ KEY_ROOMS)}: ask eventstore.keys; nobody else writes where keys are."
    )


def test_every_table_of_keys_is_among_those_looked_for() -> None:
    tables = {
        f"keys_{node.name.lower()}"
        for node in tree_of(ROOT / "eventstore" / "keys" / "models.py").body
        if isinstance(node, ast.ClassDef)
    }

    assert all(map(KEYS.fullmatch, tables)), "Put it into KEYS."


def test_only_these_rooms_touch_the_blind_indexes() -> None:
    assert rooms_that(TABLE, BLIND) == BLIND_ROOMS


def test_every_table_of_the_models_is_among_those_looked_for() -> None:
    tables = {
        f"eventstore_{node.name.lower()}"
        for node in tree_of(ROOT / "eventstore" / "models.py").body
        if isinstance(node, ast.ClassDef)
    }

    unknown = [table for table in tables if not TABLE.fullmatch(table)]
    assert not unknown, (
        f"{unknown}: put them into FOLDED, LOGS_OWN or SNAPSHOTS, or beside them."
    )

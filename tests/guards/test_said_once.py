"""Knowledge that was once written in many places stands in one, and nobody writes it again."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import pytest

from tests.guards.sources import ROOT, name_of, python_files, tree_of


class Once(NamedTuple):
    """What, as it would be written again; who may, each for the reason behind it; and what to use instead."""

    pattern: str
    places: dict[str, str]
    instead: str


ONCE = {
    "the deciding verdicts": Once(
        r"verdict (?:= ?1\b|IN ?\(1)",
        {},
        "ACCEPTED and DECIDING of eventstore.indexer.columns, put in by `composed`",
    ),
    "the event's columns": Once(
        r"event_id,\s*stream_id,\s*version,\s*event_type|event_id.{1,8}stream_id.{1,8}version.{1,8}event_type",
        {},
        "EVENT of eventstore.indexer.columns, and `listed`",
    ),
    "the record's columns": Once(
        r"verdict,\s*reason,\s*head|commit_id,\s*stream_id,\s*first_version",
        {},
        "RECORD of eventstore.indexer.columns, and `listed`",
    ),
    "what of a record gives its events": Once(
        r"position,\s*recorded_at,\s*first_version,\s*value",
        {},
        "ACCEPTED_RECORD of eventstore.indexer.columns, and `listed`",
    ),
    "a head's columns": Once(
        r"version,\s*first_recorded_at,\s*last_recorded_at",
        {
            "eventstore/indexer/statements.py": "the fold writes them, with the type's number between"
        },
        "HEAD of eventstore.indexer.columns, and `listed`",
    ),
    "subscriptions' rows": Once(
        r"\beventstore_subscription\b",
        {
            "eventstore/subscriptions/names.py": "their own",
            "eventstore/subscriptions/checkpoints.py": "a checkpoint is held only by the version that may handle",
            "eventstore/queries/subscriptions.py": "how they stand, for people",
        },
        "eventstore.subscriptions.names, in your transaction",
    ),
    "checkpoints": Once(
        r"\beventstore_checkpoint\b",
        {
            "eventstore/subscriptions/checkpoints.py": "what a turn does with one",
            "eventstore/subscriptions/checkpoint_rows.py": "what is done to them outside of turns",
            "eventstore/queries/subscriptions.py": "how they stand, for people",
            "eventstore/queries/unhandled.py": "how far several know the log together",
            "eventstore/queries/situation.py": "who is furthest behind, for people",
        },
        "eventstore.subscriptions.checkpoint_rows, in your transaction",
    ),
    "parked streams": Once(
        r"\beventstore_parkedstream\b",
        {
            "eventstore/subscriptions/parking.py": "their own",
            "eventstore/subscriptions/checkpoints.py": "there is something to do where one is due",
            "eventstore/queries/subscriptions.py": "how they stand, for people",
            "eventstore/queries/unhandled.py": "what nobody has handled holds what is known",
            "eventstore/queries/subject_rows.py": "how many are a person's",
            "eventstore/queries/situation.py": "whether any is, for people",
            "eventstore/privacy/reaching.py": "the name of a place in the register",
        },
        "eventstore.subscriptions.parking, in your transaction",
    ),
}
MODULES_NAMES = "the names of modules have dots, too"
CUTS_A_DOT = {
    "eventstore/events.py": "`stream_type_of` and `stream_type_in`",
    "eventstore/registry/digests.py": MODULES_NAMES,
    "eventstore/log/kafka/causes.py": "the part before it: which kind of topic that is",
}
FIRST, LAST = 0, 2  # of what `partition` gives
# The smaller one of something grown and a longest pause.
GROWS = re.compile(
    r"min\([^:;=]{0,80}?(?:\*\s*2|2\s*\*|\*\s*1\.5)[^:;=]{0,80}?(?:PAUSE|pause|longest)"
)


def texts() -> dict[str, list[str]]:
    """The strings of the core by file, docstrings left out, and migrations: what they made is made."""
    found = {}
    for path in python_files("eventstore"):
        if "migrations" in path.parts:
            continue
        tree = tree_of(path)
        prose = {
            id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
        }
        found[name_of(path)] = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
        ]
    return found


@pytest.mark.parametrize("what", ONCE)
def test_nobody_writes_it_again(what: str) -> None:
    pattern, places, instead = ONCE[what]
    found = {
        name
        for name, strings in texts().items()
        if any(re.search(pattern, text, re.DOTALL) for text in strings)
    }

    assert found == places.keys(), (
        f"{what} in {sorted(found - places.keys())}: use {instead}. No more in {sorted(places.keys() - found)}: take it"
        " out of ONCE."
    )


def test_a_streams_type_is_read_off_its_id_in_one_place() -> None:
    """`.partition(".")[0]`, and `[2]` of a topic; what lies behind the dot of a stream's id is the aggregate's own."""
    found = {
        name_of(path)
        for path in python_files("eventstore")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value).endswith(".partition('.')")
        and ast.unparse(node.slice) in {str(FIRST), str(LAST)}
        and not _is_an_aggregates_id(node)
    }

    assert found == CUTS_A_DOT.keys(), (
        f"{sorted(found ^ CUTS_A_DOT.keys())}: ask `stream_type_of` or `stream_type_in` of eventstore.events."
    )


def _is_an_aggregates_id(node: ast.Subscript) -> bool:
    text = ast.unparse(node)
    return text.endswith("[2]") and "stream" in text


def test_pauses_between_tries_grow_in_one_place() -> None:
    found = {
        name_of(path)
        for path in python_files("eventstore")
        if GROWS.search(path.read_text("utf-8"))
    }

    assert not found, f"{sorted(found)}: use `BackOff` of eventstore.clock."


# ---- the guard itself: what nobody writes any more would not show that nobody could


@pytest.mark.parametrize(
    ("what", "again"),
    [
        ("the deciding verdicts", "WHERE r.verdict IN (1, 3, 4)"),
        ("the deciding verdicts", "WHERE position < %(end)s AND verdict = 1"),
        ("the event's columns", "SELECT event_id, stream_id, version,\n event_type"),
        ("the event's columns", "e.event_id, e.stream_id, e.version, e.event_type"),
        ("the record's columns", "SELECT recorded_at, verdict, reason, head"),
        ("the record's columns", "head, commit_id, stream_id,\n first_version"),
        (
            "what of a record gives its events",
            "position, recorded_at, first_version, value",
        ),
    ],
)
def test_who_writes_it_again_is_found(what: str, again: str) -> None:
    assert re.search(ONCE[what].pattern, again, re.DOTALL)


@pytest.mark.parametrize(
    "line",
    [
        "pause = min(pause * 2, _LONGEST_PAUSE)",
        "longer = min(max(_FIRST_PAUSE, self._pause * 2), _LONGEST_PAUSE)",
        "self._pause_s = min(\n    2 * self._pause_s or first_s, limits.longest_pause_s\n)",
        "pause = min(pause * 1.5, _LONGEST_PAUSE)",
        "[min(_FIRST_PAUSE * 2**n, _LONGEST_PAUSE) for n in range(3)]",
    ],
)
def test_another_growing_pause_is_found(line: str) -> None:
    assert GROWS.search(line)


def test_a_place_that_is_named_is_there() -> None:
    named = {name for once in ONCE.values() for name in once.places} | set(CUTS_A_DOT)

    assert all((ROOT / name).exists() for name in named)

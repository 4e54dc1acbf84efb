"""The fold, log by log: what it says of each record, in every mode of expectation and for every verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventstore.errors import UnknownRuleVersion
from eventstore.events import Commit, Place
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry, Folded, State, Verdict, fold
from teddy_es.faults import naive
from tests.golden.vectors import bytes_of, lines
from tests.unit.records import an_id

VECTORS = lines("fold.jsonl")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_a_log_folds_as_its_golden_vector_says(vector: dict[str, Any]) -> None:
    entries = [
        Entry(offset, r.recorded_at, r.key, r.value, decode(r.key, r.value))
        for offset, r in enumerate(records_of(vector))
    ]

    folded = folded_of(vector, entries)

    said = [
        [j.verdict.word, j.recorded_at, j.head, j.first_version, j.reason]
        for j in folded.judged
    ]
    assert said == vector["gives"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_the_naive_fold_agrees_with_the_golden_vector(vector: dict[str, Any]) -> None:
    topic, _, partition = vector["place"].partition("/")

    said = naive.fold(
        topic,
        int(partition),
        vector["partitions"],
        records_of(vector),
        known=vector["known"],
    )

    assert [list(line) for line in said] == [line[:4] for line in vector["gives"]]


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if "stops" in v], ids=lambda v: v["name"]
)
def test_code_that_does_not_know_the_rules_stops_loudly(
    vector: dict[str, Any],
) -> None:
    rest = vector["records"][vector["stops"] :]
    entries = [
        Entry(offset, r.recorded_at, r.key, r.value, decode(r.key, r.value))
        for offset, r in enumerate(
            records_of({**vector, "records": rest}), vector["stops"]
        )
    ]
    activated = 1 + sum(line[0] == "activation" for line in vector["gives"])
    state = State(
        place_of(vector), vector["partitions"], activated, heads=all_at_zero(entries)
    )

    with pytest.raises(UnknownRuleVersion) as stop:
        fold(state, entries, known=vector["known"])

    assert stop.value.offset == vector["stops"]
    assert stop.value.version == vector["known"] + 1


def test_every_verdict_has_a_golden_vector() -> None:
    said = {line[0] for vector in VECTORS for line in vector["gives"]}

    assert said == {verdict.word for verdict in Verdict}


def folded_of(vector: dict[str, Any], entries: list[Entry]) -> Folded:
    """Fold the vector's log from its beginning; nothing where the code must stop at once."""
    state = State(place_of(vector), vector["partitions"], heads=all_at_zero(entries))
    if vector.get("stops") == 0:
        return Folded([], 1, 0)
    return fold(state, entries, known=vector["known"])


def place_of(vector: dict[str, Any]) -> Place:
    """The partition that the vector's log is."""
    topic, _, partition = vector["place"].partition("/")
    return Place(topic, int(partition))


def all_at_zero(entries: list[Entry]) -> dict[str, int]:
    """The heads before the first record."""
    return {e.content.stream_id: 0 for e in entries if isinstance(e.content, Commit)}


def records_of(vector: dict[str, Any]) -> list[naive.Record]:
    """The vector's records, the short form of a commit written out."""
    records = []
    for record in vector["records"]:
        if "commit" in record:
            short = record["commit"]
            key: bytes | None = short["stream"].encode()
            value: bytes | None = json.dumps(written(short)).encode()
        else:
            key, value = bytes_of(record["key"]), bytes_of(record["value"])
        records.append(naive.Record(record["at"], key, value))
    return records


def written(short: dict[str, Any]) -> dict[str, Any]:
    """A commit's record, from the short form of the golden file."""
    return {
        "v": short["v"],
        "commit_id": str(an_id(short["id"])),
        "stream_id": short["stream"],
        "expected": short["expected"],
        "events": [
            {
                "event_id": str(an_id(number)),
                "type": "OrderPlaced",
                "schema": 1,
                "occurred_at": "2026-11-23T09:00:00.123456Z",
                "correlation_id": None,
                "causation_id": None,
                "data": {},
            }
            for number in short["events"]
        ],
    }

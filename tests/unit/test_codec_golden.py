"""The grammar, vector by vector: what the bytes of a record say, or why they are malformed."""

from __future__ import annotations

from typing import Any

import pytest

from eventstore.events import Activation, Commit, Malformed
from eventstore.protocol.codec import decode
from teddy_es.faults import naive
from tests.golden.vectors import bytes_of, lines, plain
from tests.unit.records import fields_of

VECTORS = lines("grammar.jsonl")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_a_record_reads_as_its_golden_vector_says(vector: dict[str, Any]) -> None:
    key, value = bytes_of(vector["key"]), bytes_of(vector["value"])

    read = decode(key, value)

    match vector["gives"]:
        case {"malformed": reason}:
            assert read == Malformed(reason)
        case {"activation": version}:
            assert read == Activation(version)
        case {"commit": fields}:
            assert isinstance(read, Commit)
            assert plain(fields_of(read)) == plain(fields)
        case {"events": count}:
            assert isinstance(read, Commit)
            assert len(read.events) == count
        case other:
            pytest.fail(f"the vector says nothing that this test knows: {other}")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_the_naive_reader_agrees_with_the_golden_vector(vector: dict[str, Any]) -> None:
    key, value = bytes_of(vector["key"]), bytes_of(vector["value"])

    read = naive.read(key, value)

    match vector["gives"]:
        case {"malformed": _}:
            assert read is None
        case {"activation": version}:
            assert read == {"v": 1, "activate": version}
        case {"commit": fields}:
            assert plain(read) == plain(fields)
        case {"events": count}:
            assert read is not None
            assert len(read["events"]) == count


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if "size" in v["gives"]], ids=lambda v: v["name"]
)
def test_a_recipe_makes_as_many_bytes_as_its_name_says(vector: dict[str, Any]) -> None:
    value = bytes_of(vector["value"])

    assert value is not None
    assert len(value) == vector["gives"]["size"]


def test_the_names_of_the_vectors_are_unique() -> None:
    names = [vector["name"] for vector in VECTORS]

    assert len(set(names)) == len(names)

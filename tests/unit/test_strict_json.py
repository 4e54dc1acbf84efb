"""What JSON has no form for is refused before an encoder finds one for it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from eventstore.protocol.strict_json import (
    MAX_DEPTH,
    MAX_INTEGER,
    Broken,
    parse,
    refuse_other_than_json,
)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, "", [], {}, [None, (1, "a")], {"a": {"b": [0.0, False]}}],
)
def test_what_json_has_passes(value: Any) -> None:
    refuse_other_than_json(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "number_out_of_range"),
        (float("-inf"), "number_out_of_range"),
        (b"a", "not_json"),
        ({1: "a"}, "not_json"),
        ({None: "a"}, "not_json"),
        (Decimal(1), "not_json"),
        (datetime(2026, 11, 23, tzinfo=UTC), "not_json"),
        ({"a"}, "not_json"),
    ],
)
def test_what_json_has_not_is_refused_however_deep_it_lies(
    value: Any, reason: str
) -> None:
    for whole in (value, [1, value], {"a": (value,)}):
        with pytest.raises(Broken, match=reason):
            refuse_other_than_json(whole)


def test_a_text_may_nest_as_deep_as_the_grammar_says() -> None:
    inner = MAX_DEPTH - 1
    deepest = b"[[]," + b"[" * inner + b"]" * inner + b"]"

    parse(deepest)
    for deeper in (b"[" + deepest + b"]", b"[[],[],[]," + deepest + b"]"):
        with pytest.raises(Broken, match="too_deep"):
            parse(deeper)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_is_as_large_as_the_grammar_says(sign: str) -> None:
    assert parse(f"{sign}{MAX_INTEGER}".encode()) == int(f"{sign}{MAX_INTEGER}")
    with pytest.raises(Broken, match="number_out_of_range"):
        parse(f"{sign}{MAX_INTEGER + 1}".encode())

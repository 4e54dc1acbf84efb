"""What JSON has no form for is refused before an encoder finds one for it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from eventstore.protocol.strict_json import Broken, refuse_other_than_json


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

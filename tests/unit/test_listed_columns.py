"""Columns as a statement lists them."""

from __future__ import annotations

import pytest

from eventstore.indexer.columns import listed


@pytest.mark.parametrize(("of", "text"), [("", "a, b"), ("r", "r.a, r.b")])
def test_columns_stand_in_their_order_with_what_they_are_of(of: str, text: str) -> None:
    assert listed(("a", "b"), of) == text

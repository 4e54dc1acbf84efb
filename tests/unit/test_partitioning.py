"""With how many partitions a log was written is told by where its records lie."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.log.partitioning import count_of
from eventstore.protocol.placement import partition_of

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS = [f"order.{n}" for n in range(200)]


def placed(keys: Sequence[str], count: int) -> dict[int, set[bytes]]:
    """As a log of so many partitions holds them."""
    found: dict[int, set[bytes]] = defaultdict(set)
    for key in keys:
        found[partition_of(key, count)].add(key.encode())
    return found


@given(st.integers(1, 40), st.sets(st.sampled_from(KEYS)))
def test_the_count_at_creation_is_never_doubted(count: int, keys: set[str]) -> None:
    assert count_of(placed(sorted(keys), count), count) is None


@pytest.mark.parametrize(("was", "now"), [(6, 8), (6, 12), (1, 2), (3, 512), (8, 9)])
def test_added_partitions_are_found_out(was: int, now: int) -> None:
    assert count_of(placed(KEYS, was), now) == was


@pytest.mark.parametrize("others", [0, 1, 20])
def test_what_others_put_elsewhere_changes_nothing(others: int) -> None:
    keys = placed(KEYS, 6)
    for n in range(others):
        keys[n % 6].add(b"order.elsewhere-%d" % n)

    assert count_of(keys, 6) is None
    assert count_of(keys, 8) == 6


def test_a_log_that_others_wrote_at_random_says_nothing() -> None:
    keys = {n: {key.encode() for key in KEYS[n::8]} for n in range(8)}

    assert count_of(keys, 8) is None


@pytest.mark.parametrize("streams", [0, 1, 4])
def test_so_few_streams_prove_nothing(streams: int) -> None:
    assert count_of(placed(KEYS[:streams], 6), 8) is None


def test_five_streams_are_enough() -> None:
    assert count_of(placed(KEYS[:5], 1), 8) == 1

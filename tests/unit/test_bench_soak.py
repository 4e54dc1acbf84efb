"""What a follower of the soak finds missed or repeated, and what looks at a server come to."""

from __future__ import annotations

import pytest

from teddy_es.bench.http.looking import grown, middles
from teddy_es.bench.http.soak_clients import Client, Counts, Polled, Token


def follower() -> Polled:
    return Polled(Client(0, Token("none"), Counts()), "bench", 1)


def event(stream: str, version: int) -> dict[str, object]:
    return {"stream_id": stream, "version": version}


@pytest.mark.parametrize(
    ("versions", "missed", "repeated", "missing"),
    [
        ((1, 2, 3), 0, 0, 0),
        ((1, 2), 0, 0, 1),
        ((), 0, 0, 3),
        ((1, 3), 1, 0, 0),
        ((3,), 2, 0, 0),
        ((1, 2, 2, 3), 0, 1, 0),
        ((1, 2, 1, 2, 3), 0, 2, 0),
    ],
)
def test_each_event_comes_once_and_in_its_order(
    versions: tuple[int, ...], missed: int, repeated: int, missing: int
) -> None:
    one = follower()
    for version in versions:
        one.take(event("a.1", version))
        one.take(event("b.1", version))

    assert (one.missed, one.repeated) == (2 * missed, 2 * repeated)
    assert one.missing({"a.1": 3, "b.1": 3}) == 2 * missing
    assert one.events == 2 * len(versions)


@pytest.mark.parametrize(
    ("values", "by"),
    [((5,), 0), ((1, 9), 8), ((1, 2, 3), 2), ((9, 1, 2, 3, 4, 9), 1.5)],
)
def test_growth_is_from_the_first_third_to_the_last(
    values: tuple[float, ...], by: float
) -> None:
    assert grown(values) == by


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((1,), (1,)),
        ((1, 3), (1, 3)),
        ((1, 2, 9, 4, 5), (2, 4.5)),
        ((1, 3, 5, 7), (2, 6)),
    ],
)
def test_each_part_of_the_time_has_its_middle(
    values: tuple[float, ...], found: tuple[float, ...]
) -> None:
    assert middles(values, 2) == found

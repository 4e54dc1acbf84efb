"""Pauses between tries that fail."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from eventstore.clock import BackOff
from tests.strategies import GATE


class HandClock:
    """Goes on only where a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """See the port."""
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        """See the port."""
        return self.seconds


def by_seed(seed: int) -> Random:
    """Chance that can be repeated."""
    return Random(seed)  # noqa: S311


def test_each_pause_is_longer_up_to_the_longest() -> None:
    back_off = BackOff(HandClock(), 0.5, 3.0)

    assert [back_off.failed() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_success_begins_with_the_first_pause_again() -> None:
    back_off = BackOff(HandClock(), 0.5, 3.0)
    back_off.failed()
    back_off.failed()

    back_off.succeeded()

    assert back_off.failed() == 0.5


def test_pauses_may_grow_by_another_factor() -> None:
    back_off = BackOff(HandClock(), 2.0, 100.0, growth=1.5)

    assert [back_off.failed() for _ in range(3)] == [2.0, 3.0, 4.5]


def test_the_next_try_is_due_when_the_pause_is_over_whatever_succeeds_meanwhile() -> (
    None
):
    clock = HandClock()
    back_off = BackOff(clock, 2.0, 8.0)
    assert back_off.left_s == 0.0

    back_off.failed()
    assert back_off.left_s == 2.0
    clock.seconds = 1.5
    assert back_off.left_s == 0.5
    clock.seconds = 2.0
    assert back_off.left_s == 0.0

    back_off.failed()
    back_off.succeeded()
    assert back_off.left_s == 4.0


@GATE
@given(
    seed=st.integers(0, 2**32),
    first=st.floats(0.001, 10),
    more=st.floats(0, 10),
    tries=st.integers(1, 20),
)
def test_chance_takes_a_part_off_and_never_adds(
    seed: int, first: float, more: float, tries: int
) -> None:
    longest = first + more
    plain = BackOff(HandClock(), first, longest)
    by_chance = BackOff(HandClock(), first, longest, chance=by_seed(seed))

    for _ in range(tries):
        whole, part = plain.failed(), by_chance.failed()
        assert 0.3 * whole <= part <= whole
        assert by_chance.left_s == part


def test_two_with_another_chance_do_not_wait_alike() -> None:
    one, other = (
        BackOff(HandClock(), 1.0, 1.0, chance=by_seed(seed)) for seed in (1, 2)
    )

    assert one.failed() != other.failed()

"""Who ended a transaction: remembered until it is behind, by partition and by parked stream; a server that is lost blames nobody at once."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from eventstore.protocol.positions import first_of
from eventstore.subscriptions.checkpoints import Held
from eventstore.subscriptions.culprits import Culprits
from eventstore.subscriptions.handling import ENDED, LOST, SEVERAL, HandlerBroke
from eventstore.subscriptions.parking import Due

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LOSSES = 5  # in a row, before an event is to blame


def held(cursor: int, partition: int = 7) -> Held:
    return Held(partition, cursor, 100, 0, 0.0, NOW, UUID(int=1))


def at(offset: int, partition: int = 7) -> int:
    return first_of(partition, offset)


def ended(position: int) -> HandlerBroke:
    return HandlerBroke(position, ENDED)


@pytest.fixture
def culprits() -> Culprits:
    return Culprits()


def careful(culprits: Culprits, *cursors: int, partition: int = 7) -> list[bool]:
    return [culprits.careful(held(one, partition)) for one in cursors]


def test_nobody_is_suspected_to_begin_with(culprits: Culprits) -> None:
    assert culprits.ahead(held(0), at(5)) == {}
    assert careful(culprits, 0, 5) == [False, False]


@pytest.mark.parametrize(("code", "at_once"), [(ENDED, True), (LOST, False)])
def test_a_batch_that_broke_is_gone_through_carefully_to_its_end(
    culprits: Culprits, code: str, *, at_once: bool
) -> None:
    culprits.ahead(held(0), at(5))

    assert culprits.learn(HandlerBroke(SEVERAL, code)) is at_once

    assert careful(culprits, 0, 4, 5, 6) == [True, True, False, False]
    assert careful(culprits, 0, partition=8) == [False]
    assert culprits.ahead(held(0), at(1)) == {}


def test_a_shorter_batch_that_breaks_within_it_does_not_end_the_care(
    culprits: Culprits,
) -> None:
    for reached in (5, 2):
        culprits.ahead(held(0), at(reached))
        culprits.learn(ended(SEVERAL))

    assert careful(culprits, 4) == [True]


def test_who_broke_alone_is_not_tried_again_until_it_is_behind(
    culprits: Culprits,
) -> None:
    first, second = ended(at(1)), ended(at(3))
    for error in (first, second):
        culprits.ahead(held(0), at(5))
        assert culprits.learn(error)

    assert culprits.ahead(held(0), at(5)) == {at(1): first, at(3): second}
    assert culprits.ahead(held(1), at(5)) == {at(1): first, at(3): second}
    assert culprits.ahead(held(2), at(5)) == {at(3): second}
    assert culprits.ahead(held(0), at(5)) == {at(3): second}
    assert culprits.ahead(held(0, 8), at(5, 8)) == {}
    assert careful(culprits, 4, 5) == [True, False]


def lost(culprits: Culprits, position: int, times: int) -> list[bool]:
    """Whether each loss is the event's."""
    found = []
    for _ in range(times):
        culprits.ahead(held(0), at(5))
        found.append(culprits.learn(HandlerBroke(position, LOST)))
    return found


def test_an_event_is_to_blame_for_the_last_of_several_losses(
    culprits: Culprits,
) -> None:
    assert lost(culprits, at(1), LOSSES) == [False] * (LOSSES - 1) + [True]
    assert [*culprits.ahead(held(0), at(5))] == [at(1)]


@pytest.mark.parametrize("between", ["another", "settled"])
def test_losses_count_in_a_row(culprits: Culprits, between: str) -> None:
    lost(culprits, at(1), LOSSES - 1)
    if between == "another":
        lost(culprits, at(2), 1)
    else:
        culprits.settled()

    assert lost(culprits, at(1), LOSSES) == [False] * (LOSSES - 1) + [True]


def due(stream: str, attempts: int = 1) -> Due:
    return Due(stream, at(1), 1, attempts)


def test_of_a_parked_stream_it_is_known_until_its_attempt_is_settled(
    culprits: Culprits,
) -> None:
    broke = ended(at(1))
    assert culprits.queued(due("a")) == {}
    assert culprits.learn(broke)

    assert culprits.queued(due("a")) == {at(1): broke}
    assert culprits.ahead(held(0), at(5)) == {}
    culprits.settled()  # of the partition, not of the stream
    assert culprits.queued(due("a")) == {at(1): broke}
    culprits.settled()
    assert culprits.queued(due("a")) == {}


@pytest.mark.parametrize("other", [due("b"), due("a", 2)])
def test_another_attempt_is_tried_anew(culprits: Culprits, other: Due) -> None:
    culprits.queued(due("a"))
    culprits.learn(ended(at(1)))

    assert culprits.queued(other) == {}
    assert culprits.queued(due("a")) == {}


def test_a_parked_stream_that_breaks_makes_no_partition_careful(
    culprits: Culprits,
) -> None:
    culprits.ahead(held(0), at(5))
    culprits.queued(due("a"))
    culprits.learn(ended(at(1)))
    culprits.learn(ended(SEVERAL))

    assert careful(culprits, 0) == [False]

"""What every Log must do while it cannot be reached; part of `log_contract.LogContract`."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

import pytest

from eventstore.errors import LogUnanswered
from eventstore.events import Place
from eventstore.ports import NotWritten
from eventstore.testing.log_given import PARTITIONS, LogFixtures, a_proposal, a_topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import Log

QUESTIONS: dict[str, Callable[[Log, str], object]] = {
    "read": lambda log, topic: log.read(Place(topic, 0), 0),
    "extents": lambda log, topic: log.extents([Place(topic, 0)]),
    "topics": lambda log, topic: log.topics([topic]),
    "create": lambda log, topic: log.create([topic], partitions=PARTITIONS),
}

TRIES = 10  # of which one keeps to the time


class LogUnreachableContract(LogFixtures):
    """Nothing is written, it is said, and nobody waits longer than agreed."""

    @pytest.fixture
    def unreached(self, unreachable_log: Log | None) -> Log:
        """A log that cannot be reached, if the adapter's test has one."""
        if unreachable_log is None:
            pytest.skip("no unreachable_log is given")
        return unreachable_log

    @pytest.mark.parametrize("timeout_s", [0.2, 2.0])
    def test_what_cannot_be_reached_writes_nothing_and_says_so_in_time(
        self, unreached: Log, timeout_s: float
    ) -> None:
        """A busy machine may hold up a try or two; who waits longer does so each time."""
        places = [Place(a_topic(), n) for n in (0, 0, 1)]
        proposals = [a_proposal(place) for place in places]
        took: list[float] = []

        while len(took) < TRIES and not is_in_time(took, timeout_s):
            began = time.monotonic()
            answers = unreached.append(proposals, timeout_s=timeout_s)
            took.append(time.monotonic() - began)

            assert [type(answer) for answer in answers] == [NotWritten] * 3
            assert all(isinstance(a, NotWritten) and a.reason for a in answers)

        assert is_in_time(took, timeout_s), took

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_what_cannot_be_reached_answers_no_question(
        self, unreached: Log, question: str
    ) -> None:
        with pytest.raises(LogUnanswered) as refused:
            QUESTIONS[question](unreached, a_topic())

        assert refused.value.reason

    def test_what_could_not_be_reached_can_be_closed(self, unreached: Log) -> None:
        unreached.append([a_proposal(Place(a_topic(), 0))], timeout_s=0.2)

        unreached.close()
        unreached.close()


def is_in_time(took: list[float], timeout_s: float) -> bool:
    """Whether one of these tries was."""
    return min(took, default=inf) < timeout_s + 1

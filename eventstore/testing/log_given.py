"""What the tests of a log start from: fixtures that an adapter fills in, proposals with defaults, whole reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from eventstore.events import Place
from eventstore.ports import Answer, Appended, Log, LogRecord, Proposal

OpenLog = Callable[[], Log]
Recreate = Callable[[str], None]

PARTITIONS = 3
TIMEOUT_S = 10.0  # of what may never be answered
PATIENT_S = 120.0  # of what is: a busy machine may take its time


def a_topic() -> str:
    """A name that no earlier run has used."""
    return f"eventstore.t{uuid4().hex[:12]}"


def a_proposal(
    place: Place, value: bytes = b"{}", key: bytes | None = b"order.order-1"
) -> Proposal:
    """A proposal with defaults."""
    return Proposal(place, key, value)


def append(log: Log, *proposals: Proposal) -> list[Appended]:
    """Append and insist on success."""
    answers = log.append(proposals, timeout_s=PATIENT_S)
    return [appended(answer) for answer in answers]


def read_all(log: Log, place: Place, *, max_bytes: int = 4_000_000) -> list[LogRecord]:
    """Everything in a place, batch after batch; fails if one stalls."""
    records: list[LogRecord] = []
    offset, end = 0, log.extents([place])[place].end
    while offset < end:
        batch = log.read(place, offset, max_bytes=max_bytes)
        assert batch.next_offset > offset, f"the read at {offset} stalls before {end}"
        records += batch.records
        offset = batch.next_offset
    return records


def appended(answer: Answer) -> Appended:
    """Insist that it was written."""
    assert isinstance(answer, Appended), answer
    return answer


class LogFixtures:
    """A log, a fresh topic and a place in it, from the one fixture that an adapter must give."""

    @pytest.fixture
    def open_log(self) -> OpenLog:
        """Make a new instance over the same log. The adapter's test gives it."""
        raise NotImplementedError

    @pytest.fixture
    def recreate(self) -> Recreate | None:
        """Delete a topic and create it again under its name, if the adapter's test can."""
        return None

    @pytest.fixture
    def unreachable_log(self) -> Log | None:
        """A log whose server cannot be reached, if the adapter's test has one; then it is asked what it must say."""
        return None

    @pytest.fixture
    def has_feeds(self) -> bool:
        """Whether the log's factory says `has_feeds`; then it must take headers."""
        return False

    @pytest.fixture
    def log(self, open_log: OpenLog) -> Iterator[Log]:
        log = open_log()
        yield log
        log.close()

    @pytest.fixture
    def topic(self, log: Log) -> str:
        name = a_topic()
        log.create([name], partitions=PARTITIONS)
        return name

    @pytest.fixture
    def place(self, topic: str) -> Place:
        return Place(topic, 1)

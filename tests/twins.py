"""Two stores that were told the same: one on a log and in PostgreSQL, one in memory. What they answer must be the same.

They have the same keys. That their boxes are the same, too, is for the test to arrange (`boxed_alike`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.errors import WrongExpectedVersion
from eventstore.events import Expected, NewEvent
from eventstore.opening import key_ring
from eventstore.sealing.box import NONCE_BYTES
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import OrderChanged, OrderClosed, OrderPlaced

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from eventstore.sealing.box import Cipher
    from eventstore.store import EventStore

COUNTS = (1, 1, 1, 1, 2, 3, 4, 20)  # events of a commit
REMARKS = (0, 0, 10, 300, 3_000)  # bytes


def boxed_alike(cipher: Cipher, plaintext: bytes, associated_data: bytes) -> Any:
    """In place of `Cipher.seal`: the same event has the same box each time that it is sealed."""
    nonce = sha256(associated_data).digest()[:NONCE_BYTES]
    return nonce, cipher._aead.encrypt(nonce, plaintext, associated_data)


class _Told(SystemClock):
    """A clock that says what the other store's log said, while that is repeated."""

    said: datetime | None = None

    def now(self) -> datetime:
        """See `Clock`."""
        return self.said or super().now()


@dataclass
class Twins:
    """The stores; the streams, by name; when something was accepted."""

    real: EventStore
    chance: Random
    streams: list[str] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._clock = _Told()
        partitions = self.real.topics.partitions
        self.memory = MemoryEventStore(
            registry(), clock=self._clock, partitions=partitions, keys=key_ring()
        )

    def fill(self, *, streams: int, commits: int) -> None:
        """Have both accept and refuse the same."""
        kind = next(iter(registry().stream_types))
        self.streams = [f"{kind}.s{n}" for n in range(streams)]
        for _ in range(commits):
            # the first ones have most of the commits
            stream = self.streams[int(streams * self.chance.random() ** 2)]
            expected = Expected.ANY if self.chance.random() < 0.9 else 10**6
            self._append(stream, expected)

    def _append(self, stream: str, expected: Expected | int) -> None:
        commit = self._id()
        count = self.chance.choice(COUNTS)
        events = [self._event() for _ in range(count)]
        try:
            result = self.real.append(stream, events, expected, commit_id=commit)
        except WrongExpectedVersion:
            result = None
        if result or self.times:
            self._clock.said = result.recorded_at if result else self.times[-1]
        try:
            again = self.memory.append(stream, events, expected, commit_id=commit)
        except WrongExpectedVersion:
            again = None
        self._clock.said = None
        assert again == result, "the two stores decide differently"
        if result:
            self.times.append(result.recorded_at)
            self.heads[stream] = result.last_version

    def _event(self) -> NewEvent:
        number = self.chance.randrange(1_000)
        remark = "x" * self.chance.choice(REMARKS)
        data: Any = self.chance.choice(
            [
                OrderPlaced(customer_id=f"c{number}", remark=remark),
                OrderChanged(quantity=number),
                OrderClosed(reason="shipped"),
            ]
        )
        return NewEvent(data, event_id=self._id(), occurred_at=SystemClock().now())

    def _id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

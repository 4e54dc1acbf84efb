"""Appending: the producer, and what may be said of a proposal that it was given.

The line that matters runs through kafka-python's `send()`. What it raises, it raises before the record is in the
accumulator (closed producer, bad type, unknown partition, too large, no metadata): nothing was written. Once it has
returned a future nothing proves absence any more: expired in the queue, expired in flight and a lost answer look the
same, NOT_ENOUGH_REPLICAS_AFTER_APPEND comes of a record that was appended, and a definite last error may follow
an ambiguous first attempt. So: before the line `NotWritten`, behind it `Appended` or `Unknown`.

Idempotence and transactions stay off: docs/decisions/0002-kafka-python-without-idempotence.md.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from kafka import KafkaProducer, TopicPartition, errors

from eventstore.errors import LogMisconfigured, LogUnavailable
from eventstore.events import MAX_COMMIT_BYTES, Place
from eventstore.log.kafka.client import CONNECT_S, QuietClient
from eventstore.log.kafka.cluster import PAUSE_S, Cluster, translated
from eventstore.ports import Answer, Appended, NotWritten, Proposal, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# `send()` has no back-pressure: it takes whatever it is given into memory. So no more than this is under way.
MAX_IN_FLIGHT_BYTES: Final = 16_000_000
RECORD_OVERHEAD: Final = 100

PRODUCER_OPTIONS: Final[Mapping[str, Any]] = {
    "enable_idempotence": False,
    "acks": "all",
    "retries": 3,
    "max_in_flight_requests_per_connection": 1,
    "compression_type": "snappy",
    "request_timeout_ms": 5_000,
    "delivery_timeout_ms": 15_000,
    "max_block_ms": 2_000,
    # Nothing waits for a batch to fill; what comes while a request is under way makes the next batch, which may
    # be as large as a topic takes.
    "linger_ms": 0,
    "batch_size": 1_000_000,
    "max_request_size": 8_000_000,
    "metadata_max_age_ms": 30_000,
    "metrics_enabled": False,
}

Sent = Any  # kafka-python's FutureRecordMetadata


class Writer:
    """Appends proposals over one producer, made at first use. Not for two threads at once."""

    def __init__(self, cluster: Cluster, options: Mapping[str, Any]) -> None:
        self._cluster = cluster
        self._options = {**options, **PRODUCER_OPTIONS}
        self._producer: KafkaProducer | None = None
        self._client: QuietClient | None = None
        self._in_flight: deque[tuple[Sent, int]] = deque()
        self._in_flight_bytes = 0

    def append(
        self, proposals: Sequence[Proposal], timeout_s: float
    ) -> Sequence[Answer]:
        """See `Log.append`.

        1. see that every place can be written to    2. hand over, in order    3. wait for the answers
        Proposals of one place stay in order: one request is in flight, a retry goes first. The first step has two
        seconds for all places together; what it finds wanting was not written.
        """
        deadline = time.monotonic() + timeout_s
        ready_by = min(deadline, time.monotonic() + CONNECT_S)
        places = dict.fromkeys(proposal.place for proposal in proposals)
        refusals = {place: self._refusal(place, ready_by) for place in places}
        handed = [
            refusals[proposal.place] or self._hand_over(proposal, deadline)
            for proposal in proposals
        ]
        return [
            one if isinstance(one, NotWritten | Unknown) else _answer(one, deadline)
            for one in handed
        ]

    def close(self) -> None:
        """Let go of the producer; what is not answered by now stays unknown.

        kafka-python's `close()` flushes first and, if that fails, raises and closes nothing: its thread then
        lives on. So the thread is stopped by force, which ends the flush, and the rest is closed after it.
        """
        producer, self._producer, self._client = self._producer, None, None
        self._in_flight.clear()
        self._in_flight_bytes = 0
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except errors.KafkaError:
            producer._sender.force_close()  # noqa: SLF001  there is no public way
            producer._sender.join(CONNECT_S)  # noqa: SLF001
            producer.close(timeout=0)

    def abandon(self) -> object:
        """Give up the producer without touching its sockets and locks, which the parent process uses (fork)."""
        producer, self._producer, self._client = self._producer, None, None
        self._in_flight.clear()
        self._in_flight_bytes = 0
        if producer is not None:
            # Its thread did not survive the fork; with this its exit handler and finalizer do not wait for it.
            producer._closed = True  # noqa: SLF001
        return producer

    def _refusal(self, place: Place, deadline: float) -> NotWritten | None:
        """Why nothing can be sent to a place now, found out before anything is sent; None if it can.

        The producer is asked only for names that are known to be there: it would look up an unknown one in a
        tight loop for `max_block_ms`.
        """
        try:
            with translated():
                leaders = self._cluster.leaders([place], deadline=deadline)
                if place not in leaders:
                    leaders = self._cluster.leaders(
                        [place], deadline=deadline, fresh=True
                    )
                if place not in leaders:
                    return NotWritten(f"{place} has no leader")
                return self._producer_refusal(place, deadline)
        except (LogUnavailable, LogMisconfigured) as error:
            return NotWritten(_reason(error))

    def _producer_refusal(self, place: Place, deadline: float) -> NotWritten | None:
        producer, client = self._open(deadline)
        left_ms = int((deadline - time.monotonic()) * 1000)
        if left_ms <= 0:
            return NotWritten("the time was up before it could be sent")
        producer.config["max_block_ms"] = left_ms
        producer.partitions_for(place.topic)
        if not self._leader_is_up(client, place, deadline):
            return NotWritten(f"{place} has no leader that can be reached")
        return None

    def _leader_is_up(self, client: QuietClient, place: Place, deadline: float) -> bool:
        """Whether the broker that the producer would send to is there; waits until the deadline for a new one.

        The producer hears of a leader's death late, by the age of its metadata: what it is given until then
        is not refused but unknown for seconds.
        """
        partition = TopicPartition(place.topic, place.partition)
        while True:
            node = client.cluster.leader_for_partition(partition)
            known = node is not None and node >= 0
            if known and (client.connected(node) or self._can_reach(node, deadline)):
                return True
            if time.monotonic() + PAUSE_S >= deadline:
                return False
            client.cluster.request_update()
            client.wakeup()
            time.sleep(PAUSE_S)

    def _can_reach(self, node: int, deadline: float) -> bool:
        try:
            self._cluster.reach(node, deadline=deadline)
        except LogUnavailable:
            return False
        return True

    def _open(self, deadline: float) -> tuple[KafkaProducer, QuietClient]:
        if self._producer is None or self._client is None:
            clients: list[QuietClient] = []

            def remembered(**options: Any) -> QuietClient:
                clients.append(QuietClient(**options))
                return clients[0]

            wait_ms = max(0, int((deadline - time.monotonic()) * 1000))
            try:
                self._producer = KafkaProducer(
                    **self._options,
                    bootstrap_timeout_ms=wait_ms,
                    kafka_client=remembered,
                )
            except BaseException:
                # A producer that could not be made does not close what it had opened.
                for client in clients:
                    client.close()
                raise
            self._client = clients[0]
        return self._producer, self._client

    def _hand_over(self, proposal: Proposal, deadline: float) -> Answer | Sent:
        size = len(proposal.value)
        if size > MAX_COMMIT_BYTES:
            return NotWritten(f"it takes {size} bytes, the limit is {MAX_COMMIT_BYTES}")
        size += len(proposal.key or b"") + RECORD_OVERHEAD
        if not self._make_room(size, deadline) or self._producer is None:
            return NotWritten("the time was up before it could be sent")
        place = proposal.place
        try:
            sent = self._producer.send(
                place.topic,
                key=proposal.key,
                value=proposal.value,
                partition=place.partition,
            )
        except (errors.KafkaError, ValueError) as error:
            return NotWritten(f"the client refused it ({type(error).__name__})")
        self._in_flight.append((sent, size))
        self._in_flight_bytes += size
        return sent

    def _make_room(self, size: int, deadline: float) -> bool:
        """Wait until `size` more bytes may be under way; earlier calls' leftovers count. False at the deadline."""
        waiting = self._in_flight
        while waiting and (
            waiting[0][0].is_done or self._in_flight_bytes + size > MAX_IN_FLIGHT_BYTES
        ):
            if not _wait(waiting[0][0], deadline):
                return False
            self._in_flight_bytes -= waiting.popleft()[1]
        return True


def _wait(sent: Sent, deadline: float) -> bool:
    """Whether the client is done with it, by the deadline; it sleeps until then."""
    # What it raises is its own failure, which `_answer` reads, or that the time is up.
    with suppress(errors.KafkaError):
        sent.get(timeout=max(0.0, deadline - time.monotonic()))
    return bool(sent.is_done)


def _answer(sent: Sent, deadline: float) -> Answer:
    if not _wait(sent, deadline):
        return Unknown("the broker did not answer in time")
    if sent.failed():
        return Unknown(f"the client gave up ({type(sent.exception).__name__})")
    # The record's own `timestamp` hides whether the broker set it: without LogAppendTime it is the writer's clock.
    _, appended_at, _ = sent._produce_future.value  # noqa: SLF001
    if appended_at is None or appended_at < 0:
        return Unknown(
            f"topic {sent.value.topic} does not stamp records with its own time:"
            " it needs message.timestamp.type=LogAppendTime"
        )
    if sent.value.offset < 0:
        return Unknown("the broker did not say at which offset")
    return Appended(sent.value.offset, appended_at)


def _reason(error: LogUnavailable | LogMisconfigured) -> str:
    if isinstance(error, LogUnavailable):
        return error.reason
    return f"topic {error.topic}: {error.problem}"

"""Appending: a Produce request for each leader, sent once, and what may be said of each proposal in it.

The line that matters is the one where a request is handed to a connection that has just been seen alive. Before it:
`NotWritten`. Behind it the broker's word counts: `Appended`; `NotWritten` where it refused before it appended; all
else, and silence, is `Unknown`. Only what a broker sends elsewhere is tried again here, a few times, as after a topic's
creation; then nothing is certain any more but its success. Nothing waits in a queue, so nothing can land after its
caller was answered but what was under way. Whoever appends proposes the same bytes again.

Why not kafka-python's producer: docs/decisions/0003-a-produce-request-of-our-own.md.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kafka import errors

from eventstore.errors import LogMisconfigured, LogUnanswered
from eventstore.events import MAX_COMMIT_BYTES, Place
from eventstore.log.kafka.causes import Forbidden, cause_of
from eventstore.log.kafka.client import CONNECT_S
from eventstore.log.kafka.cluster import PAUSE_S, Cluster, error_of
from eventstore.log.kafka.produce import (
    BATCH_BYTES,
    ELSEWHERE,
    NOT_APPENDED,
    TOO_LARGE,
    produce_request,
)
from eventstore.ports import Answer, Appended, NotWritten, Proposal, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

REQUEST_BYTES: Final = 8_000_000
SHORT_S: Final = 0.5
TRIES: Final = 4  # beyond the first


@dataclass(slots=True)
class Part:
    """Proposals of one place that make one batch.

    numbers: their places in the call. sent_elsewhere: how often a broker has said that another leads.
    """

    numbers: list[int] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    size: int = 0
    sent_elsewhere: int = 0

    def add(self, number: int, proposal: Proposal) -> None:
        """Take one more."""
        self.numbers.append(number)
        self.proposals.append(proposal)
        self.size += proposal.size

    def singly(self) -> list[Part]:
        """Each in a part of its own."""
        return [
            Part([n], [p], p.size, self.sent_elsewhere)
            for n, p in zip(self.numbers, self.proposals, strict=True)
        ]


Queues = dict[Place, deque[Part]]


class Writer:
    """Appends over the cluster's connection. Not for two threads at once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def append(
        self, proposals: Sequence[Proposal], timeout_s: float
    ) -> Sequence[Answer]:
        """See `Log.append`.

        1. see that every place's leader can be reached    2. send each leader the first part of each of its places
        3. take the answers; again, while there are more parts. What one place gets stays in order. The first step has
        two seconds for all places together; what it finds wanting was not written.
        """
        deadline = time.monotonic() + timeout_s
        answers: dict[int, Answer] = {}
        waiting = _queues(proposals, answers)
        while waiting and time.monotonic() < deadline:
            ready_by = min(deadline, time.monotonic() + CONNECT_S)
            leaders = self._leaders(waiting, answers, ready_by)
            self._send(waiting, leaders, answers, deadline)
            waiting = {place: parts for place, parts in waiting.items() if parts}
        for parts in waiting.values():
            _give_up(parts, "the time was up before it could be sent", answers)
        return [answers[n] for n in range(len(proposals))]

    def _leaders(
        self, waiting: Queues, answers: dict[int, Answer], deadline: float
    ) -> dict[Place, int]:
        """The broker of each place that can be sent to now; if there is none, of those that can be reached in time.

        Places without a leader must not keep the others waiting; what they hold is answered at last.
        """
        if any(parts[0].sent_elsewhere for parts in waiting.values()):
            time.sleep(max(0.0, min(PAUSE_S, deadline - time.monotonic())))
        leaders: dict[Place, int] = {}
        why = self._at_hand(waiting, leaders, deadline)
        if leaders:
            return leaders
        if answers:  # others were sent and wait for their answers
            deadline = min(deadline, time.monotonic() + SHORT_S)
        for place in list(waiting):
            # where the time is up, the last try says why, though it may have been another place's
            if time.monotonic() < deadline or why is None:
                why = self._leader(place, leaders, deadline, wait=True)
            if why is not None:
                _give_up(waiting.pop(place), why, answers)
        return leaders

    def _at_hand(
        self, places: Iterable[Place], leaders: dict[Place, int], deadline: float
    ) -> str | None:
        """Find the brokers that are connected as it is; else why not, of the last place that there was time for."""
        why: str | None = None
        for place in places:
            if time.monotonic() < deadline:
                why = self._leader(place, leaders, deadline, wait=False)
        return why

    def _leader(
        self,
        place: Place,
        known_leaders: dict[Place, int],
        deadline: float,
        *,
        wait: bool,
    ) -> str | None:
        """Find a place's broker and be connected to it; else why not.

        wait: a leader that cannot be reached is looked up anew until the deadline: another may have been elected.
        """
        reach = self._cluster.connected if wait else self._cluster.at_hand
        why = ""
        try:
            while time.monotonic() < deadline:
                leaders = self._cluster.leaders([place], deadline=deadline)
                node = leaders[place].node if place in leaders else -1
                if node >= 0 and (
                    node in known_leaders.values() or reach(node, deadline=deadline)
                ):
                    known_leaders[place] = node
                    return None
                why = self._cluster.why_not(node)
                if not wait:
                    break
                self._cluster.wait_for_change([place.topic], deadline=deadline)
        except LogUnanswered as error:
            return error.reason
        except LogMisconfigured as error:
            return f"topic {error.topic}: {error.problem}"
        return f"{place} has no leader that can be reached{_because(why)}"

    def _send(
        self,
        waiting: Queues,
        leaders: Mapping[Place, int],
        answers: dict[int, Answer],
        deadline: float,
    ) -> None:
        """Send the first part of each place, as far as a request may grow, and take the answers."""
        sent: dict[int, dict[Place, Part]] = defaultdict(dict)
        for place, node in leaders.items():
            size = sum(part.size for part in sent[node].values())
            if not size or size + waiting[place][0].size <= REQUEST_BYTES:
                sent[node][place] = waiting[place].popleft()
        requests = {node: _request(parts) for node, parts in sent.items()}
        reply = self._cluster.send_each(requests, deadline=deadline)
        for node, parts in sent.items():
            by_place = _by_place(reply[node])
            for place, part in parts.items():
                self._judge(place, part, by_place.get(place), waiting[place], answers)

    def _judge(
        self,
        place: Place,
        part: Part,
        reply: Any,
        rest: deque[Part],
        answers: dict[int, Answer],
    ) -> None:
        error = None if reply is None else error_of(reply.error_code)
        if error is not None:
            self._cluster.forget(place.topic)
        if error in TOO_LARGE and len(part.numbers) > 1:
            rest.extendleft(reversed(part.singly()))
        elif error in ELSEWHERE and part.sent_elsewhere < TRIES:
            part.sent_elsewhere += 1
            rest.appendleft(part)
        else:
            for i, number in enumerate(part.numbers):
                answers[number] = _certain(part, answer(place, reply, i))


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _give_up(parts: Iterable[Part], reason: str, answers: dict[int, Answer]) -> None:
    for part in parts:
        answers |= dict.fromkeys(part.numbers, _certain(part, NotWritten(reason)))


def _certain(part: Part, reply: Answer) -> Answer:
    """What is still true of a part that a broker has sent elsewhere before: it may have appended it all the same."""
    if isinstance(reply, NotWritten) and part.sent_elsewhere:
        return Unknown(reply.reason)
    return reply


def answer(place: Place, reply: Any | None, index: int) -> Answer:
    """What the broker's answer for a batch, or its silence, proves of the batch's record with this index."""
    if reply is None:
        return Unknown("the broker did not answer")
    error = error_of(reply.error_code)
    if error is errors.TopicAuthorizationFailedError:
        return NotWritten(cause_of(Forbidden("Write", place.topic)).sentence)
    if error is not None and issubclass(error, NOT_APPENDED):
        return NotWritten(f"the broker refused it ({error.__name__})")
    if error is not None:
        return Unknown(f"the broker answered {error.__name__}")
    if reply.base_offset < 0:
        return Unknown("the broker did not say at which offset")
    if reply.log_append_time_ms < 0:
        return Unknown(
            f"topic {place.topic} does not stamp records with its own time:"
            " it needs message.timestamp.type=LogAppendTime"
        )
    return Appended(reply.base_offset + index, reply.log_append_time_ms)


def _queues(proposals: Iterable[Proposal], answers: dict[int, Answer]) -> Queues:
    """The parts of each place, in order; what is too large for any is answered."""
    queues: Queues = defaultdict(deque)
    for number, proposal in enumerate(proposals):
        size = len(proposal.value)
        if size > MAX_COMMIT_BYTES:
            reason = f"it takes {size} bytes, the limit is {MAX_COMMIT_BYTES}"
            answers[number] = NotWritten(reason)
            continue
        parts = queues[proposal.place]
        if not parts or parts[-1].size + proposal.size > BATCH_BYTES:
            parts.append(Part())
        parts[-1].add(number, proposal)
    return dict(queues)


def _request(parts: Mapping[Place, Part]) -> Any:
    now = int(time.time() * 1000)  # the broker puts its own in its place
    return produce_request(
        {
            place: [(now, p.key, p.value, p.headers) for p in part.proposals]
            for place, part in parts.items()
        }
    )


def _by_place(response: Any | None) -> dict[Place, Any]:
    if response is None:
        return {}
    return {
        Place(topic.name, reply.index): reply
        for topic in response.responses
        for reply in topic.partition_responses
    }

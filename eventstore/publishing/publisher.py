"""Writes events to their feed's topic, in the order of the log; a subscription hands them over.

Why no consumer that leaves out what it has seen ever gets two events of a stream in the wrong order: an event is sent
only when those before it, from some checkpoint on, are acknowledged. Whatever is sent again, and whoever else sends, its
first copy lies before the first copy of what follows.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from weakref import finalize

import structlog

from eventstore.clock import SystemClock
from eventstore.conf import conf, registry
from eventstore.errors import LogMisconfigured
from eventstore.events import Place
from eventstore.ports import WHOLE_BYTES, Appended, Proposal
from eventstore.publishing.record import CONTENT_TYPE, published
from eventstore.publishing.topics import check, feed_topics, topic_of
from eventstore.subscriptions import TryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.ports import Clock, Log

logger = structlog.get_logger(__name__)

_LOOK_AGAIN: Final = 60.0  # seconds
_WAITS: Final = "events are not published for now"
_REMEDY: Final = "manage.py create_topics --repair"
_HEADERS: Final = (("content-type", CONTENT_TYPE),)


class NotPublished(TryLater):
    """The log did not say that it has the records. No event's fault: all are sent again, from the checkpoint on."""

    code = "not-published"


@dataclass(slots=True, weakref_slot=True)
class _Own:
    """A thread's log. sound_at: when each topic was looked at and right, and nothing has failed there since."""

    log: Log
    sound_at: dict[str, float] = field(default_factory=dict)


class Publisher:
    """A handler of raw events. Each thread that it is called in has a log of its own, closed when the thread ends.

    1. the records are made    2. they are sent, stretch by stretch, and acknowledged    3. the checkpoint moves, in the
    transaction of whoever called. A crash between 2 and 3 sends them again: at least once.
    """

    def __init__(self, make_log: Callable[[], Log], clock: Clock | None = None) -> None:
        self._make_log = make_log
        self._clock = clock or SystemClock()
        self._reported: dict[str, tuple[str, float]] = {}
        self._threads = threading.local()

    def __call__(self, events: Sequence[RecordedEvent]) -> None:
        """Publish them. Raises `NotPublished`, `LogUnanswered`, `LogMisconfigured`: some may be there all the same."""
        proposals = [_proposal(event) for event in events]  # 1
        own = self._own()
        for topic in {proposal.place.topic for proposal in proposals}:
            self._look_at(topic, own)
        for stretch in _stretches(proposals):  # 2
            _send(own, stretch)

    def _look_at(self, topic: str, own: _Own) -> None:
        """Once a minute, and after a failure. Raises `LogMisconfigured`: the other topics are none of its business."""
        now = self._clock.monotonic()
        if now - own.sound_at.get(topic, -math.inf) < _LOOK_AGAIN:
            return
        own.sound_at.pop(topic, None)
        feeds = feed_topics()
        try:
            check(replace(feeds, numbers={topic: feeds.numbers.get(topic, 0)}), own.log)
        except LogMisconfigured as error:
            self._report(topic, error.problem, now)
            raise
        own.sound_at[topic] = now

    def _report(self, topic: str, problem: str, now: float) -> None:
        """Once a minute, for each of its partitions meets it at each try."""
        reported, at = self._reported.get(topic, ("", -math.inf))
        if reported != problem or now - at >= _LOOK_AGAIN:
            self._reported[topic] = (problem, now)
            logger.warning(
                _WAITS,
                action="publishing-delayed",
                topic=topic,
                problem=problem,
                remedy=_REMEDY,
            )

    def close(self) -> None:
        """Let go of the calling thread's log; a later call opens it anew."""
        if hasattr(self._threads, "own"):
            self._threads.own.log.close()

    def _own(self) -> _Own:
        if not hasattr(self._threads, "own"):
            own = _Own(self._make_log())
            finalize(own, own.log.close)
            self._threads.own = own
        of_this_thread: _Own = self._threads.own
        return of_this_thread


def _send(own: _Own, stretch: Sequence[Proposal]) -> None:
    """Raises `NotPublished` for the first that is not acknowledged."""
    answers = own.log.append(stretch, timeout_s=conf.APPEND_TIMEOUT)
    for proposal, answer in zip(stretch, answers, strict=True):
        if isinstance(answer, Appended):
            continue
        own.sound_at.pop(proposal.place.topic, None)
        logger.warning(
            _WAITS,
            action="publishing-delayed",
            topic=proposal.place.topic,
            partition=proposal.place.partition,
            answer=type(answer).__name__,
            reason=answer.reason,
        )
        msg = f"{proposal.place}: {answer.reason}"
        raise NotPublished(msg)


def _proposal(event: RecordedEvent) -> Proposal:
    stream_id = event.metadata.stream_id
    return Proposal(
        Place(topic_of(stream_id), event.position.partition),
        stream_id.encode(),
        published(event, registry(), source=conf.SOURCE),
        _HEADERS,
    )


def _stretches(proposals: Sequence[Proposal]) -> Iterator[list[Proposal]]:
    """In their order, each short enough to be written as a whole: no half of it can be missing before the other."""
    stretch: list[Proposal] = []
    size = 0
    for proposal in proposals:
        if stretch and size + proposal.size > WHOLE_BYTES:
            yield stretch
            stretch, size = [], 0
        stretch.append(proposal)
        size += proposal.size
    if stretch:
        yield stretch

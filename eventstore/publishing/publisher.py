"""Writes events to their feed's topic, in the order of the log; a subscription hands them over.

Why no consumer that leaves out what it has seen ever gets two events of a stream in the wrong order: an event is sent
only when those before it, from some checkpoint on, are acknowledged. Whatever is sent again, and whoever else sends, its
first copy lies before the first copy of what follows.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import finalize

import structlog

from eventstore.conf import conf, registry
from eventstore.events import Place
from eventstore.ports import WHOLE_BYTES, Appended, Proposal
from eventstore.publishing.record import CONTENT_TYPE, published
from eventstore.publishing.topics import check, feed_topics, topic_of
from eventstore.subscriptions import TryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.ports import Log

logger = structlog.get_logger(__name__)

_HEADERS: Final = (("content-type", CONTENT_TYPE),)


class NotPublished(TryLater):
    """The log did not say that it has the records. No event's fault: all are sent again, from the checkpoint on."""

    code = "not-published"


@dataclass(slots=True, weakref_slot=True)
class _Own:
    """A thread's log. is_sound: its topics were looked at, and nothing has failed since."""

    log: Log
    is_sound: bool = False


class Publisher:
    """A handler of raw events. Each thread that it is called in has a log of its own, closed when the thread ends.

    1. the records are made    2. they are sent, stretch by stretch, and acknowledged    3. the checkpoint moves, in the
    transaction of whoever called. A crash between 2 and 3 sends them again: at least once.
    """

    def __init__(self, make_log: Callable[[], Log]) -> None:
        self._make_log = make_log
        self._threads = threading.local()

    def __call__(self, events: Sequence[RecordedEvent]) -> None:
        """Publish them. Raises `NotPublished`, `LogUnavailable`, `LogMisconfigured`: some may be there all the same."""
        proposals = [_proposal(event) for event in events]  # 1
        own = self._own()
        if not own.is_sound:
            check(feed_topics(), own.log)
            own.is_sound = True
        for stretch in _stretches(proposals):  # 2
            _send(own, stretch)

    def close(self) -> None:
        """Let go of the calling thread's log; a later call opens it anew."""
        if hasattr(self._threads, "own"):
            self._threads.own.log.close()

    def _own(self) -> _Own:
        if not hasattr(self._threads, "own"):
            own = _Own(self._make_log())
            finalize(own, own.log.close)
            self._threads.own = own
        found: _Own = self._threads.own
        return found


def _send(own: _Own, stretch: Sequence[Proposal]) -> None:
    """Raises `NotPublished` for the first that is not acknowledged."""
    answers = own.log.append(stretch, timeout_s=conf.APPEND_TIMEOUT)
    for proposal, answer in zip(stretch, answers, strict=True):
        if isinstance(answer, Appended):
            continue
        own.is_sound = False
        logger.warning(
            "events are not published for now",
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

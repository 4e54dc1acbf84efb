"""Writes events to their feed's topic, in the order of the log; a subscription hands them over.

Why no consumer that leaves out what it has seen ever gets two events of a stream in the wrong order: an event is sent
only when those before it, from some checkpoint on, are acknowledged. Whatever is sent again, and whoever else sends, its
first copy lies before the first copy of what follows.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from eventstore.conf import conf, registry
from eventstore.events import Place
from eventstore.ports import Appended, Proposal
from eventstore.publishing.record import CONTENT_TYPE, published
from eventstore.publishing.topics import check, feed_topics, topic_of
from eventstore.subscriptions import TryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.ports import Log

logger = structlog.get_logger(__name__)

_HEADERS: Final = (("content-type", CONTENT_TYPE),)
# Far below what a log takes as one batch, which it writes as a whole or not at all.
_STRETCH: Final = 500_000


class NotPublished(TryLater):
    """The log did not say that it has the records. No event's fault: all are sent again, from the checkpoint on."""

    code = "not-published"


class Publisher:
    """A handler of raw events. Each thread that it is called in has a log of its own.

    1. the records are made    2. they are sent, stretch by stretch, and acknowledged    3. the checkpoint moves, in the
    transaction of whoever called. A crash between 2 and 3 sends them again: at least once.
    """

    def __init__(self, make_log: Callable[[], Log]) -> None:
        self._make_log = make_log
        self._own = threading.local()

    def __call__(self, events: Sequence[RecordedEvent]) -> None:
        """Publish them. Raises `NotPublished`, `LogUnavailable`, `LogMisconfigured`: some may be there all the same."""
        proposals = [_proposal(event) for event in events]  # 1
        log = self._log()
        for stretch in _stretches(proposals):  # 2
            self._send(log, stretch)

    def close(self) -> None:
        """Let go of the calling thread's log; a later call opens it anew."""
        log: Log | None = getattr(self._own, "log", None)
        if log is not None:
            log.close()

    def _log(self) -> Log:
        """The thread's; its topics are looked at before the first record, and anew after each failure."""
        if not hasattr(self._own, "log"):
            self._own.log, self._own.is_sound = self._make_log(), False
        log: Log = self._own.log
        if not self._own.is_sound:
            check(feed_topics(), log)
            self._own.is_sound = True
        return log

    def _send(self, log: Log, stretch: Sequence[Proposal]) -> None:
        answers = log.append(stretch, timeout_s=conf.APPEND_TIMEOUT)
        for proposal, answer in zip(stretch, answers, strict=True):
            if not isinstance(answer, Appended):
                self._own.is_sound = False
                topic = proposal.place.topic
                logger.warning(
                    "events are not published for now",
                    topic=topic,
                    partition=proposal.place.partition,
                    answer=type(answer).__name__,
                    reason=answer.reason,
                )
                msg = f"{topic}: {answer.reason}"
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
    """In their order, of some size at most; a longer one comes alone."""
    stretch: list[Proposal] = []
    size = 0
    for proposal in proposals:
        if stretch and size + len(proposal.value) > _STRETCH:
            yield stretch
            stretch, size = [], 0
        stretch.append(proposal)
        size += len(proposal.value)
    if stretch:
        yield stretch

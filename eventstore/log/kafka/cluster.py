"""Who leads what: one connection to the cluster, driven by the thread that asks.

It exists beside kafka-python's admin client and consumer because each of those runs a thread and hides what
failed: a consumer's `end_offsets()` spins for ever on a change of leader, an exception inside `poll()` makes
the next one spin, `alter_configs` and `create_topics` hand errors back in their answers. Here a request gets
one answer, or `LogUnanswered` before its deadline.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from kafka import errors
from kafka.protocol.metadata import MetadataRequest

from eventstore.errors import LogMisconfigured, LogUnanswered
from eventstore.log.kafka.causes import (
    cause_of,
    is_late,
    refuse_unreadable,
    right_missing,
    translated,
)
from eventstore.log.kafka.client import CONNECT_S, QuietClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.events import Place

logger = structlog.get_logger(__name__)

REQUEST_S = 5.0
VIEW_MAX_AGE_S = 30.0
PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Leader:
    """The broker that takes a partition's records. node is -1 while there is none."""

    node: int
    epoch: int


@dataclass(frozen=True, slots=True)
class TopicMetadata:
    """A topic as the cluster's metadata shows it. id: a UUID's text; replicas: those of its poorest partition."""

    id: str
    leaders: Mapping[int, Leader]
    replicas: int


class Cluster:
    """Asks brokers. Not for two threads at once; opened at first use, and anew after every failure."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._client: QuietClient | None = None
        self._views: dict[str, tuple[float, TopicMetadata]] = {}
        self._trouble: tuple[float, Exception] = -math.inf, errors.KafkaError()

    def ask(self, request: Any, *, deadline: float, node: int | None = None) -> Any:
        """Send a request that may be repeated; any broker will do if no node is given.

        A connection may have died while nobody looked (nobody polls it between calls), so a failure is
        tried once more over a new one. Raises `LogUnanswered`.
        """
        with translated():
            was_open = self._client is not None
            try:
                return self._ask_once(request, deadline, node)
            except (errors.KafkaError, OSError):
                self.close()
                if not was_open or time.monotonic() >= deadline:
                    raise
                return self._ask_once(request, deadline, node)

    def ask_once(self, request: Any, *, deadline: float, node: int) -> Any:
        """Send a request that must not be repeated, over a connection that has just answered. Raises `LogUnanswered`."""
        self.reach(node, deadline=deadline)
        with translated():
            try:
                return self._ask_once(request, deadline, node)
            except (errors.KafkaError, OSError):
                self.close()
                raise

    def look_up(
        self, names: Iterable[str], *, deadline: float
    ) -> dict[str, TopicMetadata]:
        """Those of the named topics that are there, as the cluster shows them now. Creates nothing."""
        topics = [MetadataRequest.MetadataRequestTopic(name=n) for n in names]
        if not topics:
            return {}
        request = MetadataRequest(topics=topics, allow_auto_topic_creation=False)
        response = self.ask(request, deadline=deadline)
        assert self._client is not None  # noqa: S101  it has just answered
        self._client.cluster.update_metadata(response)
        with translated():
            views = {t.name: _view(t) for t in response.topics if _is_there(t)}
        for topic in response.topics:
            self._views.pop(topic.name, None)
        now = time.monotonic()
        self._views |= {name: (now, view) for name, view in views.items()}
        return views

    def view(
        self, topic: str, *, deadline: float, fresh: bool = False
    ) -> TopicMetadata | None:
        """The topic as last seen, looked up again if that is half a minute ago; None if it is not there."""
        seen = self._views.get(topic)
        if seen and not fresh and time.monotonic() - seen[0] < VIEW_MAX_AGE_S:
            return seen[1]
        return self.look_up([topic], deadline=deadline).get(topic)

    def leaders(
        self, places: Iterable[Place], *, deadline: float, fresh: bool = False
    ) -> dict[Place, Leader]:
        """Who leads each place; one without a leader is left out. Raises `LogMisconfigured` if it is not there."""
        wanted = sorted(set(places))
        names = {p.topic for p in wanted}
        if fresh:
            self.look_up(names, deadline=deadline)
        views = {name: self.view(name, deadline=deadline) for name in names}
        leaders = {place: _leader(views[place.topic], place) for place in wanted}
        return {place: leader for place, leader in leaders.items() if leader.node >= 0}

    def brokers(self, *, deadline: float) -> Sequence[int]:
        """The ids of the brokers that are up."""
        request = MetadataRequest(topics=[], allow_auto_topic_creation=False)
        response = self.ask(request, deadline=deadline)
        return [broker.node_id for broker in response.brokers]

    def reach(self, node: int, *, deadline: float) -> None:
        """Be connected to a broker. Raises `LogUnanswered`."""
        request = MetadataRequest(topics=[], allow_auto_topic_creation=False)
        self.ask(request, deadline=deadline, node=node)

    def connected(self, node: int, *, deadline: float) -> bool:
        """Be connected to a broker; False if it cannot be reached. Connections to others stay as they are.

        Why not, `why_not` says.
        """
        try:
            with translated():
                wait_ms = _left_ms(deadline, CONNECT_S)
                return bool(self._open(deadline).await_ready(node, timeout_ms=wait_ms))
        except LogUnanswered:
            return False

    def why_not(self, node: int) -> str:
        """What ended the last attempt at a broker, in a sentence; empty if it is connected or was never tried."""
        failure = None if self._client is None else self._client.failure(node)
        return "" if failure is None else cause_of(failure).sentence

    def send_each(
        self, requests: Mapping[int, Any], *, deadline: float
    ) -> Mapping[int, Any | None]:
        """Send each broker its request, once, all at the same time; None for what was not answered.

        For requests that must not be repeated unasked, to brokers that have just been seen `connected`.
        """
        client = self._client
        if client is None:
            return dict.fromkeys(requests)
        sent: dict[int, Any] = {}
        try:
            for node, request in requests.items():
                sent[node] = client.send(node, request)
            for future in sent.values():
                client.poll(timeout_ms=_left_ms(deadline, REQUEST_S), future=future)
        except (errors.KafkaError, OSError) as error:
            # no text of kafka-python's: it quotes whole requests
            cause = type(error).__name__
            logger.warning("Kafka did not answer", action="kafka-silent", cause=cause)
        if len(sent) < len(requests) or not all(f.succeeded() for f in sent.values()):
            self.close()
        return {
            node: sent[node].value if node in sent and sent[node].succeeded() else None
            for node in requests
        }

    def at_hand(self, node: int, *, deadline: float) -> bool:
        """Whether a connection to the broker stands now, as far as the sockets know."""
        try:
            with translated():
                client = self._open(deadline)
                client.poll(timeout_ms=0)  # hears of what ended while nobody polled
                return bool(client.is_ready(node))
        except LogUnanswered:
            return False

    def forget(self, topic: str) -> None:
        """Look a topic up anew when it is needed next."""
        self._views.pop(topic, None)

    def wait_for_change(self, topics: Iterable[str], *, deadline: float) -> None:
        """Wait a moment, at most until the deadline, and look the topics up anew."""
        time.sleep(max(0.0, min(PAUSE_S, deadline - time.monotonic())))
        self.look_up(topics, deadline=deadline)

    def close(self) -> None:
        """Drop the connection and what was seen over it; the next question starts anew."""
        client, self._client = self._client, None
        self._views.clear()
        if client is not None:
            client.close()

    def abandon(self) -> object:
        """Give up the connection without touching its sockets, which another process uses (fork)."""
        client, self._client = self._client, None
        return client

    def _ask_once(self, request: Any, deadline: float, node: int | None) -> Any:
        client = self._open(deadline)
        if node is None:
            node = client.least_loaded_node(bootstrap_fallback=True)
        return client.send_and_receive(
            node, request, timeout_ms=_left_ms(deadline, REQUEST_S)
        )

    def _open(self, deadline: float) -> QuietClient:
        if self._client is None:
            refuse_unreadable(self._options)
            client = QuietClient(
                request_timeout_ms=int(REQUEST_S * 1000), **self._options
            )
            try:
                client.get_broker_version(timeout_ms=_left_ms(deadline, CONNECT_S))
            except (errors.KafkaError, OSError) as error:
                client.close()
                raise self._telling(error) from None
            except BaseException:
                client.close()
                raise
            self._client = client
        return self._client

    def _telling(self, error: Exception) -> Exception:
        """The error, or that of a try a moment ago if this one had no time to find out more."""
        now = time.monotonic()
        if is_late(error) and now - self._trouble[0] < REQUEST_S:
            return self._trouble[1]
        self._trouble = now, error
        return error


def error_of(code: int) -> type[errors.KafkaError] | None:
    """The error class of a code in an answer, None for success."""
    return None if code == 0 else errors.for_code(code)


def is_passing(error: type[errors.KafkaError]) -> bool:
    """Whether asking again, after another look at the metadata, may help."""
    return issubclass(error, errors.RetriableError)


def _left_ms(deadline: float, at_most_s: float) -> int:
    return int(max(0.0, min(at_most_s, deadline - time.monotonic())) * 1000)


def _is_there(topic: Any) -> bool:
    error = error_of(topic.error_code)
    if error in (errors.UnknownTopicOrPartitionError, errors.InvalidTopicError):
        return False
    if error not in (None, errors.LeaderNotAvailableError):
        raise right_missing(error, "Describe", topic.name)
    return True


def _view(topic: Any) -> TopicMetadata:
    return TopicMetadata(
        id=str(topic.topic_id),
        leaders={
            p.partition_index: Leader(p.leader_id, p.leader_epoch)
            for p in topic.partitions
        },
        replicas=min((len(p.replica_nodes) for p in topic.partitions), default=0),
    )


def _leader(view: TopicMetadata | None, place: Place) -> Leader:
    if view is None:
        raise LogMisconfigured(
            place.topic, "it is not there", "Run `manage.py create_topics`."
        )
    if place.partition not in view.leaders:
        raise LogMisconfigured(
            place.topic,
            f"it has {len(view.leaders)} partitions, none is number {place.partition}",
            "Partitions of the log of record are never changed; see docs/OPERATIONS.md.",
        )
    return view.leaders[place.partition]

"""Puts records back into a topic, at their offsets and with their times.

A Produce of our own, as the reader has a Fetch of its own: a producer retries, and splits what it is given into batches
of which a later one may land although an earlier one did not. Here one request carries one batch, is sent once, and
its answer says at which offset the batch lies and whether the broker dated it itself. If that is not what was wanted,
nothing more is sent.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from kafka import errors
from kafka.protocol.admin import DescribeConfigsRequest, IncrementalAlterConfigsRequest

from eventstore.errors import LogUnanswered, NotRestorable
from eventstore.log.kafka.causes import Forbidden, cause_of, right_missing, translated
from eventstore.log.kafka.cluster import (
    PAUSE_S,
    Cluster,
    error_of,
    is_passing,
)
from eventstore.log.kafka.produce import produce_request
from eventstore.log.kafka.topics import TIME_SETTING, TOPIC_RESOURCE
from eventstore.log.restoring import START_OVER, cut_short, written_by_others

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.events import Place
    from eventstore.log.kafka.reader import Reader
    from eventstore.ports import LogRecord

SET: Final = 0
BATCH_BYTES: Final = 500_000
SETTLE_S: Final = (
    0.5  # between a broker's showing a setting and its partitions' obeying
)


class Restorer:
    """Writes with given times. Not for two threads at once."""

    def __init__(self, cluster: Cluster, reader: Reader, *, patience_s: float) -> None:
        self._cluster = cluster
        self._reader = reader
        self._patience_s = patience_s

    @contextmanager
    def restoring(self, topic: str) -> Iterator[None]:
        """See `Restorable.restoring`."""
        try:
            self._date(topic, "CreateTime")
            yield
        finally:
            self._date(topic, "LogAppendTime")

    def restore(self, place: Place, records: Sequence[LogRecord]) -> None:
        """See `Restorable.restore`. Whoever writes between this look and the answer is found by the answer."""
        first = records[0].offset
        try:
            end = self._reader.extents([place])[place].end
        except LogUnanswered as error:
            raise cut_short(place, first, error.reason) from error
        if end != first:
            raise written_by_others(place, first, end)
        for batch in _batches(records):
            self._produce(place, batch)

    def _produce(self, place: Place, records: Sequence[LogRecord]) -> None:
        first = records[0].offset
        deadline = time.monotonic() + self._patience_s
        try:
            leaders = self._cluster.leaders([place], deadline=deadline, fresh=True)
            if place not in leaders:
                raise cut_short(place, first, "it has no leader")
            answer = self._cluster.ask_once(
                produce_request(
                    {place: [(r.recorded_at, r.key, r.value, ()) for r in records]}
                ),
                deadline=deadline,
                node=leaders[place].node,
            )
        except LogUnanswered as error:
            raise cut_short(place, first, error.reason) from error
        judge(place, first, answer.responses[0].partition_responses[0])

    def _date(self, topic: str, by: str) -> None:
        """Have the topic date records so, and wait until every broker does."""
        deadline = time.monotonic() + 3 * self._patience_s
        if self._dated(topic, deadline) == {by}:
            return
        answer = self._cluster.ask(_alter_request(topic, by), deadline=deadline)
        # The answer carries a code and raises nothing.
        if (error := error_of(answer.responses[0].error_code)) is not None:
            if issubclass(error, errors.AuthorizationError):
                with translated():
                    raise right_missing(error, "AlterConfigs", topic)
            msg = (
                f"{TIME_SETTING} of {topic} could not be set to {by} ({error.__name__})"
            )
            raise LogUnanswered(msg)
        while self._dated(topic, deadline) != {by}:
            if time.monotonic() + PAUSE_S >= deadline:
                msg = f"{TIME_SETTING} of {topic} did not become {by} in time"
                raise LogUnanswered(msg)
            time.sleep(PAUSE_S)
        time.sleep(SETTLE_S)

    def _dated(self, topic: str, deadline: float) -> set[str]:
        """What each broker says of it."""
        request = DescribeConfigsRequest(
            resources=[(TOPIC_RESOURCE, topic, [TIME_SETTING])], include_synonyms=False
        )
        answers = [
            self._cluster.ask(request, node=node, deadline=deadline)
            for node in self._cluster.brokers(deadline=deadline)
        ]
        results = [result for answer in answers for result in answer.results]
        for result in results:
            if (error := error_of(result.error_code)) is not None:
                with translated():
                    raise right_missing(error, "DescribeConfigs", topic)
        return {c.value for result in results for c in result.configs}


def judge(place: Place, first: int, answer: Any) -> None:
    """Raise unless the batch lies where it belongs, with the times that it was given."""
    error = error_of(answer.error_code)
    if error is errors.TopicAuthorizationFailedError:
        why = cause_of(Forbidden("Write", place.topic)).sentence
        raise cut_short(place, first, why)
    if error is not None and is_passing(error):
        raise cut_short(place, first, error.__name__)
    if error is not None:
        raise NotRestorable(
            place.topic,
            place.partition,
            first,
            f"the broker refused it for good ({error.__name__})",
            "Its log says why; put that right, then run restore_log again, which goes on from there.",
        )
    if answer.base_offset != first:
        raise written_by_others(place, first, answer.base_offset)
    if answer.log_append_time_ms >= 0:
        raise NotRestorable(
            place.topic,
            place.partition,
            first,
            "the broker dated the records itself: somebody has changed the topic's settings",
            START_OVER,
        )


def _batches(records: Sequence[LogRecord]) -> Iterator[Sequence[LogRecord]]:
    batch: list[LogRecord] = []
    size = 0
    for record in records:
        more = len(record.value or b"") + len(record.key or b"")
        if batch and size + more > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += more
    if batch:
        yield batch


def _alter_request(topic: str, by: str) -> Any:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    setting = resource.AlterableConfig(
        name=TIME_SETTING, config_operation=SET, value=by
    )
    return IncrementalAlterConfigsRequest(
        resources=[
            resource(
                resource_type=TOPIC_RESOURCE, resource_name=topic, configs=[setting]
            )
        ],
        validate_only=False,
    )

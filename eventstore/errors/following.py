"""What is told about who follows the log: subscriptions, parked streams, projections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors.branches import (
    EventStoreError,
    NeedsOperator,
    NotFound,
    Retryable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class SubscriptionNotFound(NotFound):
    """No subscription has that name."""

    code = "subscription-not-found"
    status = 404

    def __init__(self, name: str, *, there_are: Sequence[str]) -> None:
        self.name = name
        self.there_are = there_are
        names = ", ".join(there_are) or "none yet: `manage.py subscriptions run`"
        super().__init__(f"No subscription is named {name}. There are: {names}.")


class SubscriptionSuperseded(EventStoreError):
    """A newer version of a subscription's code has taken over; the older one handles nothing any more."""

    code = "subscription-superseded"
    status = 409

    def __init__(self, name: str, *, version: int, newest: int) -> None:
        self.name = name
        self.version = version
        self.newest = newest
        super().__init__(
            f"Version {newest} of subscription {name} has taken over; this process has version {version}."
            " Stop the processes that run the older code."
        )


class SubscriptionBehind(Retryable):
    """The subscription did not come to the position in time; it goes on by itself."""

    code = "subscription-behind"
    status = 503

    def __init__(self, name: str, *, position: str, records: int) -> None:
        self.name = name
        self.position = position
        self.records = records
        super().__init__(
            f"Subscription {name} has not handled {position} yet: {records} records lie before it. The write stands."
            " Answer without it, or wait again. Does a worker run (`manage.py subscriptions run`), and is the"
            " subscription not paused?"
        )


class StreamParked(NeedsOperator):
    """A subscription's handler failed on an event of the stream, and on every retry; later events of that stream wait."""

    code = "stream-parked"
    status = 503

    def __init__(self, name: str, stream_id: str, *, version: int, error: str) -> None:
        self.name = name
        self.stream_id = stream_id
        self.version = version
        self.error = error
        super().__init__(
            f"Subscription {name} failed on version {version} of {stream_id} ({error}); later events of that stream wait."
            " Put the cause right, then `manage.py subscriptions replay`, or `skip` the event with a reason."
        )


class StreamNotParked(NotFound):
    """The stream is not parked in that subscription."""

    code = "stream-not-parked"
    status = 404

    def __init__(self, name: str, stream_id: str) -> None:
        self.name = name
        self.stream_id = stream_id
        super().__init__(
            f"Stream {stream_id} is not parked in subscription {name}: it went on, or never waited."
        )


class ProjectionNotReady(NeedsOperator):
    """A version of a projection cannot be built, compared or switched as things stand."""

    code = "projection-not-ready"
    status = 409

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"Projection {name} stays as it is: {reason}.")


class ProjectionsDiffer(NeedsOperator):
    """Two versions of a projection hold different rows on the same cut; nothing was switched."""

    code = "projections-differ"
    status = 409

    def __init__(self, name: str, *, tables: Sequence[str]) -> None:
        self.name = name
        self.tables = tables
        super().__init__(
            f"The two versions of projection {name} differ in {', '.join(tables)}; nothing was switched."
            " If that is what the new version is for, switch with --accept-differences."
        )

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
            f"{name} is handled by version {newest} of its code, this is version {version}."
            " Stop the processes that run the older code."
        )


class SubscriptionBehind(Retryable):
    """A subscription had not come to a position in the time given; it goes on by itself."""

    code = "subscription-behind"
    status = 503

    def __init__(self, name: str, *, position: str, records: int) -> None:
        self.name = name
        self.position = position
        self.records = records
        super().__init__(
            f"{name} has not handled {position} yet: {records} records lie before it. What was written stands."
            " Answer without it, or ask again later. Is `manage.py subscriptions run` at work, and is it not paused?"
        )


class StreamParked(NeedsOperator):
    """A subscription cannot get on with a stream: an event failed, and those behind it wait."""

    code = "stream-parked"
    status = 503

    def __init__(self, name: str, stream_id: str, *, version: int, error: str) -> None:
        self.name = name
        self.stream_id = stream_id
        self.version = version
        self.error = error
        super().__init__(
            f"{name} failed of version {version} of {stream_id} ({error}), and what follows it there waits."
            " Put its cause right and `manage.py subscriptions replay`, or skip it with a reason."
        )


class StreamNotParked(NotFound):
    """Nothing of that stream waits in that subscription."""

    code = "stream-not-parked"
    status = 404

    def __init__(self, name: str, stream_id: str) -> None:
        self.name = name
        self.stream_id = stream_id
        super().__init__(
            f"{stream_id} is not parked in {name}: it went on, or was never stopped."
        )


class ProjectionNotReady(NeedsOperator):
    """A version of a projection cannot be built, compared or switched as things stand."""

    code = "projection-not-ready"
    status = 409

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} stays as it is: {reason}.")


class ProjectionsDiffer(NeedsOperator):
    """Two versions of a projection hold different rows on the same cut; nothing was switched."""

    code = "projections-differ"
    status = 409

    def __init__(self, name: str, *, tables: Sequence[str]) -> None:
        self.name = name
        self.tables = tables
        super().__init__(
            f"{name}: the two versions differ in {', '.join(tables)}; nothing was switched."
            " If that is what the new version is for, switch with --accept-differences."
        )

"""A version of a projection as a subscription: the one that is read follows under the projection's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.bus import called
from eventstore.errors import ProjectionNotReady
from eventstore.projections.schemas import missing_tables, put_first, schema_of
from eventstore.subscriptions.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published
    from eventstore.projections.projection import Projection

_TIMEOUT_S: Final = 300.0


def subscription_of(projection: Projection, *, is_read: bool) -> Subscription:
    """is_read: whether this version's tables are those that are read."""
    name, version = projection.name, projection.version
    return Subscription(
        name=name if is_read else candidate_of(name, version),
        batch_handler=_handler(projection, is_read=is_read),
        types=projection.types,
        streams=projection.streams,
        version=version,
        most=projection.most,
        timeout_s=_TIMEOUT_S,
        takes_over=False,
        past_is_live=False,
    )


def candidate_of(name: str, version: int) -> str:
    """The name under which a version follows that is not the one that is read."""
    return f"{name}#{version}"


def _handler(projection: Projection, *, is_read: bool) -> Any:
    def project(events: Sequence[Published]) -> None:
        if not is_read:
            _put_first(projection)
        called(projection.handle, events)
        for event in events:
            if event.live:
                called(projection.effects, event)

    return project


def _put_first(projection: Projection) -> None:
    """Raises `ProjectionNotReady` where a table is missing: the name would mean the one that is read."""
    name, version = projection.name, projection.version
    if missing := missing_tables(projection):
        msg = f"version {version} has no table {', '.join(missing)} of its own; drop it, and build it anew"
        raise ProjectionNotReady(name, msg)
    put_first(schema_of(name, version))

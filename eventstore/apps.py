"""The event store as a Django app."""

from __future__ import annotations

from contextlib import suppress

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.signals import connection_created


class EventStoreConfig(AppConfig):
    """When Django is ready: registers the system checks and who completes the index for readers, and takes the stamps."""

    name = "eventstore"
    verbose_name = "Event store"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from eventstore import checks  # noqa: F401  (registers itself)
        from eventstore.privacy.configured import enter
        from eventstore.queries.completeness import completed_by
        from eventstore.queries.connection import judged
        from eventstore.store import get_event_store

        connection_created.connect(judged, dispatch_uid="eventstore")
        completed_by(lambda: get_event_store().complete_index())
        enter()
        _enter_claims()
        _take_stamps()


def _enter_claims() -> None:
    """Have those above the subscriptions say whose may not be reset or forgotten; a projection's says it first."""
    from eventstore.projections.statuses import refuse_a_projection
    from eventstore.publishing.subscription import refuse_the_publication
    from eventstore.service import get_service
    from eventstore.subscriptions.claims import Act, enter
    from eventstore.subscriptions.operating import StillFollowed

    def refuse_a_durable(name: str) -> None:
        if name in get_service().subscriptions:
            raise StillFollowed(name)

    enter(refuse_a_projection, Act.RESET, Act.FORGET)
    enter(refuse_the_publication, Act.FORGET)
    enter(refuse_a_durable, Act.FORGET)


def _take_stamps() -> None:
    """Have the hash of the domain's code made now, from the files that this process has just loaded.

    Later they may be those of the next version, put in place under a process that still runs the old one: its snapshots
    would then carry the new one's stamp.
    """
    from eventstore.conf import aggregates, registry
    from eventstore.snapshots import stamp_of

    # what is wrong is said by the checks, E001 and E007
    with suppress(ImproperlyConfigured, ImportError, OSError, TypeError):
        for aggregate in aggregates().values():
            stamp_of(aggregate, registry())

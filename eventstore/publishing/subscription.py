"""The subscription that publishes: it stands beside those of the project, under a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.exceptions import ImproperlyConfigured

from eventstore.conf import conf
from eventstore.publishing.publisher import Publisher
from eventstore.publishing.topics import is_published
from eventstore.subscriptions import Start, Subscription
from eventstore.subscriptions.operating import StillFollowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import Log

NAME: Final = "events"


def publication(make_log: Callable[[], Log]) -> Subscription | None:
    """Whoever writes the real-time stream; None where there is none. Raises ImproperlyConfigured for another beginning."""
    if not is_published():
        return None
    if conf.PUBLISH_FROM not in set(Start):
        msg = f"EVENTSTORE['PUBLISH_FROM'] is {conf.PUBLISH_FROM}; it is one of {', '.join(Start)}."
        raise ImproperlyConfigured(msg)
    return Subscription(
        name=NAME,
        raw_handler=Publisher(make_log),
        start=Start(conf.PUBLISH_FROM),
        # a turn's records take some ten stretches; on a slow broker each of them nearly the whole time-out
        timeout_s=max(60.0, 12 * conf.APPEND_TIMEOUT),
    )


def refuse_the_publication(name: str) -> None:
    """Raise `StillFollowed` for the one that publishes, where anything is published."""
    if name == NAME and is_published():
        raise StillFollowed(name)

"""Where an event's page is: its position in the log, so that a deep link never shifts. And whether an address is a page of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse

if TYPE_CHECKING:
    from eventstore.events import Position


def event_address(position: Position) -> str:
    """The page of the event at a position."""
    return reverse(
        "admin:event",
        kwargs={
            "topic": position.topic,
            "partition": position.partition,
            "offset": position.offset,
            "index": position.index,
        },
    )


_NOWHERE: Final = {None, "login", "logout"}  # None: what the site has no page at


def leads_somewhere(target: str) -> bool:
    """Whether a page of ours is there. An address of another host is Django's to refuse, and leads nowhere either."""
    try:
        parts = urlsplit(target)
        there = resolve(parts.path)
    except (ValueError, Resolver404):
        return False
    return not (parts.scheme or parts.netloc) and there.url_name not in _NOWHERE

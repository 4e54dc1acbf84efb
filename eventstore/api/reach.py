"""Which streams a caller may see and append to: the project's word, reached through `EVENTSTORE["REACH"]`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.conf import conf

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from eventstore.ports import Reach


def reach_of(bound_to: str | None) -> Reach:
    """Of who is bound to this; None: to nobody. Raises ImproperlyConfigured."""
    path = conf.REACH
    if path:
        return _at(path)(bound_to)
    if bound_to is not None:
        msg = "A token is bound to somebody, but EVENTSTORE['REACH'] names nobody who knows what that is."
        raise ImproperlyConfigured(msg)
    return Everything()


@cache
def _at(path: str) -> Callable[[str | None], Reach]:
    try:
        gives: Callable[[str | None], Reach] = import_string(path)
    except ImportError as error:
        msg = f"EVENTSTORE['REACH'] names {path}, which cannot be imported."
        raise ImproperlyConfigured(msg) from error
    return gives


class Everything:
    """A `Reach` without an edge: for stores whose tokens are all alike."""

    sees_all = True
    hides: frozenset[str] = frozenset()

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """All of them."""
        return frozenset(stream_ids)

    def knows(self, persons: Collection[str]) -> frozenset[str]:
        """All of them."""
        return frozenset(persons)

    def streams(self) -> Sequence[str]:
        """Nobody asks for them: there is no filter."""
        raise NotImplementedError

    def refuses(
        self,
        stream_id: str,
        expected: object,
        events: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> str | None:
        """Nothing."""
        return None

    def known_before(self) -> datetime | None:
        """Everything is known."""
        return None

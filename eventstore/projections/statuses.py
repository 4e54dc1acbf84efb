"""Which versions of a projection there are, which of them is read, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.errors import ProjectionNotReady
from eventstore.projections.configured import configured
from eventstore.projections.following import candidate_of
from eventstore.queries.connection import unchecked_cursor
from eventstore.queries.subscriptions import statuses
from eventstore.subscriptions import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from eventstore.queries.subscriptions import SubscriptionStatus


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """A version of a projection. is_read: its tables are those that are read. has_code: a class of it is configured.

    status: None if nothing of it is in the database yet.
    """

    name: str
    version: int
    is_read: bool
    has_code: bool
    status: SubscriptionStatus | None

    @property
    def state(self) -> str:
        """In a few words."""
        if self.status is None:
            return "not built"
        kind = "read" if self.is_read else "beside"
        return kind if self.has_code else f"{kind}, nobody follows: no code"


def version_read(name: str) -> int | None:
    """The version whose tables are read; None before anybody has followed for it."""
    with unchecked_cursor() as cursor:
        return names.version_of(cursor, name)


def has_candidate(name: str, version: int) -> bool:
    """Whether a version that is not read has been begun."""
    return version_read(candidate_of(name, version)) is not None


def projection_of(name: str) -> str | None:
    """The projection that a subscription follows for, as the version that is read or beside it; None if for none.

    Raises ImproperlyConfigured, ImportError.
    """
    own, is_candidate, _ = name.partition("#")
    return own if own in configured() or is_candidate else None


def refuse_a_projection(name: str) -> None:
    """Raise `ProjectionNotReady` if a subscription is a projection's: its rows and its checkpoint go together."""
    own = projection_of(name)
    if own is not None:
        msg = f"it is built anew by `manage.py projections build {own}`, and dropped by `projections drop`"
        raise ProjectionNotReady(name, msg)


def projections(now: datetime) -> Sequence[VersionStatus]:
    """All of them, by name and version."""
    return projections_among(statuses(now))


def projections_among(
    all_statuses: Sequence[SubscriptionStatus],
) -> Sequence[VersionStatus]:
    """The same, where it is known how all subscriptions stand. Raises ImproperlyConfigured, ImportError."""
    codes = configured()
    known = {status.name: status for status in all_statuses}
    listed = []
    for name, versions in sorted(codes.items()):
        there = known.get(name)
        read = there.version if there else None
        numbers = {*versions, *_candidates(name, known), *([read] if read else [])}
        listed += [
            VersionStatus(
                name,
                number,
                number == read,
                number in versions,
                there if number == read else known.get(candidate_of(name, number)),
            )
            for number in sorted(numbers)
        ]
    return listed


def _candidates(name: str, known: Mapping[str, SubscriptionStatus]) -> list[int]:
    return [
        status.version
        for other, status in known.items()
        if other.startswith(f"{name}#")
    ]

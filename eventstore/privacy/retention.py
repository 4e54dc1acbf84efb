"""What is past its time is destroyed, month by month, but for what a hold keeps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eventstore.errors import UnderHold
from eventstore.privacy.policy import in_force
from eventstore.registry import SNAPSHOT_RETENTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

    from eventstore.keys.rows import KeyRow
    from eventstore.ports import Clock
    from eventstore.privacy.destroying import Destroying
    from eventstore.privacy.policy import Policy
    from eventstore.privacy.shelf import KeyShelf

PAGE: Final = 1_000


@dataclass(slots=True)
class Expiry:
    """Of a class: keys that are past their time (`due`), and of those that were destroyed, and that a hold keeps."""

    policy: Policy
    before: str
    due: int = 0
    destroyed: int = 0
    held: int = 0
    months: set[str] = field(default_factory=set)


class Retention:
    """Looks through the living keys of each class whose month is past. A run that is killed is begun again."""

    def __init__(
        self,
        destroying: Destroying,
        shelf: KeyShelf,
        clock: Clock,
        policies: Mapping[str, Sequence[Policy]],
        *,
        page: int = PAGE,
    ) -> None:
        self._destroying = destroying
        self._shelf = shelf
        self._clock = clock
        self._policies = policies
        self._page = page

    def due(self) -> list[Expiry]:
        """What a run would destroy now; a hold that keeps some of it is counted, too."""
        return self._each(self._look)

    def run(self) -> list[Expiry]:
        """Destroy it."""
        return self._each(self._destroy)

    def _each(
        self, deal: Callable[[Expiry, str, Mapping[UUID, str]], None]
    ) -> list[Expiry]:
        """By the subject: an order names all keys of a page that are its."""
        today = self._clock.now().date()
        expiries = []
        for of_class in self._policies.values():
            policy = in_force(of_class, today)
            before = None if policy is None else policy.before(today)
            if policy is None or before is None:
                continue
            expiry = Expiry(policy, before)
            for rows in self._pages(policy.retention_class, before):
                by_subject: dict[str, dict[UUID, str]] = defaultdict(dict)
                for row in rows:
                    by_subject[row.name.subject][row.id] = row.name.month
                expiry.due += len(rows)
                expiry.months |= {row.name.month for row in rows}
                for subject, keys in by_subject.items():
                    deal(expiry, subject, keys)
            expiries.append(expiry)
        return expiries

    def _pages(self, retention_class: str, before: str) -> Iterator[Sequence[KeyRow]]:
        after: KeyRow | None = None
        while rows := self._shelf.past(
            retention_class, before, after=after, limit=self._page
        ):
            yield rows
            after = rows[-1]

    def _look(self, expiry: Expiry, subject: str, keys: Mapping[UUID, str]) -> None:
        expiry.held += len(keys) - len(self._free(subject, keys))

    def _destroy(self, expiry: Expiry, subject: str, keys: Mapping[UUID, str]) -> None:
        free = self._free(subject, keys)
        if free:
            try:
                self._destroying.order_expiry(subject, free | self._snapshot(subject))
                self._destroying.finish(subject)
            except UnderHold:  # placed in this moment: it is counted as the others are
                free = {}
        expiry.destroyed += len(free)
        expiry.held += len(keys) - len(free)

    def _free(self, subject: str, keys: Mapping[UUID, str]) -> dict[UUID, str]:
        lineage = self._destroying.lineage(subject)
        return {id_: month for id_, month in keys.items() if not lineage.held([month])}

    def _snapshot(self, subject: str) -> dict[UUID, str]:
        """The key of the subject's snapshots, which hold something of every month: it goes, and they are made of what remains."""
        return {
            row.id: row.name.month
            for row in self._shelf.rows(subject)
            if row.destroyed_at is None
            and row.name.retention_class == SNAPSHOT_RETENTION
        }

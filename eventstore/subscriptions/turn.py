"""What one transaction of a follower did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.subscriptions.delivery import Delivery
    from eventstore.subscriptions.failures import Failure


@dataclass(slots=True)
class TurnResult:
    """unregistered: of the skipped, by a type that nobody has registered."""

    handled: int = 0
    skipped: int = 0
    worked: bool = False
    newest: datetime | None = None
    unregistered: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[Delivery, Failure, int, bool]] = field(default_factory=list)

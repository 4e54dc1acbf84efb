"""The clock of a safety violation: how long somebody may take to decide it, and when which share of that time is over.

A case keeps the rule that the log's time of its detection found in force. Its clock runs from when it happened, by its
writer's clock, or from when the log took it, whichever was earlier: what is recorded late is late, and a writer whose
clock is ahead wins nothing. It ends with the log's time of the decision, and begins anew with a reopening.
A time from before the first rule is one of a clock that nobody had set: nobody knows then how much is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from teddy_es.domain.violations import Level, Severity

_SHARES: Final[Mapping[Level, int]] = {
    "overdue_50": 50,
    "overdue_100": 100,
    "overdue_150": 150,
}
"""Of the time, in per cent, by the level that is raised then."""


@dataclass(frozen=True, slots=True)
class Rule:
    """From `since` on, until the next rule: how long a case of each severity may take."""

    since: datetime
    periods: Mapping[Severity, timedelta]


@dataclass(frozen=True, slots=True)
class Clock:
    """Of one case, since its detection or its last reopening.

    recorded_at: when the log took that. began: None where nobody can say it. period: None where no rule was in force.
    """

    recorded_at: datetime
    began: datetime | None
    period: timedelta | None

    @property
    def due(self) -> datetime | None:
        """When the time is over; None where nobody can say it."""
        if self.began is None or self.period is None:
            return None
        return self.began + self.period

    def left(self, now: datetime) -> timedelta | None:
        """Below zero: late by so much."""
        return None if self.due is None else self.due - now

    def was_late(self, decided_at: datetime) -> bool | None:
        """Whether a decision of that time came too late; at the very end of the time it is in time."""
        return None if self.due is None else decided_at > self.due

    def raised_at(self, level: Level) -> datetime | None:
        """When this level is due. Where nobody can say when it began the log's time counts, so that nothing waits unseen."""
        if self.period is None:
            return None
        return (self.began or self.recorded_at) + self.period * _SHARES[level] / 100

    def levels_due(self, now: datetime) -> list[Level]:
        """Every level whose time has come, the lowest first."""
        return [
            level
            for level in _SHARES
            if (at := self.raised_at(level)) is not None and at <= now
        ]

    def next_after(self, raised: Sequence[str]) -> datetime | None:
        """When the first level is due that is not among these."""
        times = [self.raised_at(level) for level in _SHARES if level not in raised]
        return min((at for at in times if at is not None), default=None)


class Rules:
    """What the settings say, in the order of time."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.since)

    @property
    def first(self) -> datetime:
        """When the first of them came into force."""
        return self._rules[0].since

    def period(self, severity: Severity, detected_at: datetime) -> timedelta | None:
        """What was in force at this time of the log; None before the first."""
        found = [rule for rule in self._rules if rule.since <= detected_at]
        return found[-1].periods[severity] if found else None

    def clock(
        self, severity: Severity, occurred_at: datetime, recorded_at: datetime
    ) -> Clock:
        """Of a case that was detected then."""
        period = self.period(severity, recorded_at)
        return self.started(period, occurred_at, recorded_at)

    def started(
        self,
        period: timedelta | None,
        occurred_at: datetime,
        recorded_at: datetime,
    ) -> Clock:
        """That of a case whose period is known already: a reopened one keeps its own."""
        began = min(occurred_at, recorded_at)
        is_known = began >= self.first
        return Clock(recorded_at, began if is_known else None, period)

"""When beat asks for a job: at the times at which it is due, by the clock, and not so long after beat's own start."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from celery.schedules import schedstate, schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from eventstore.upkeep.jobs import Job

LOOK: Final = timedelta(minutes=1)
"""Each job is asked for at least so often: what a dead worker left behind, and what was due while beat did not run."""
BEHIND: Final = timedelta(seconds=1)
"""How long after a time at which the job is due, at most: to a worker whose clock is a little slow that time has not come, and it would take the task for the run before."""


class WhenDue(schedule):  # type: ignore[misc]  # Celery has no types
    """A moment behind every time at which the job is due, and behind every minute."""

    def __init__(
        self, job: Job, *, nowfun: Callable[[], datetime] | None = None
    ) -> None:
        super().__init__(min(job.every, LOOK), nowfun=nowfun)
        self._job = job
        self._looks = (job, replace(job, every=LOOK))
        self._behind = min(BEHIND, job.every / 10)

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """See Celery."""
        now: datetime = self.now()
        return self._after(last_run_at) - now

    def is_due(self, last_run_at: datetime) -> schedstate:
        """See Celery: whether to ask now, and in how many seconds to look again."""
        now = self.now()
        is_due = self._after(last_run_at) <= now
        return schedstate(
            is_due, (self._after(now if is_due else last_run_at) - now).total_seconds()
        )

    def _after(self, at: datetime) -> datetime:
        due = at - self._behind
        return min(one.due_at(due) + one.every for one in self._looks) + self._behind

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._job,)

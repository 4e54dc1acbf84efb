"""Jobs are controls: a run that did not happen counts against them. What Today shows of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.jobs.statuses import statuses_by
from eventstore.queries.jobs import last_runs
from eventstore.upkeep.schedule import scheduled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from audit.jobs.statuses import JobStatus
    from eventstore.queries.jobs import JobRunRow

RUNS: Final = 24
_BAD: Final = {"failed", "lost"}


@dataclass(frozen=True, slots=True)
class Control:
    """A job and how its last runs went, the oldest first, in the words of `audit.drawing.runs`."""

    status: JobStatus
    outcomes: Sequence[str]

    @property
    def missed(self) -> int:
        """Of these runs, and of those that nobody has noted yet."""
        return self.outcomes.count("missed")

    @property
    def is_in_order(self) -> bool:
        """Whether its last run went well, and none is missing."""
        return self.status.word in {"done", "running"}


def controls(now: datetime) -> Sequence[Control]:
    """Every job of the schedule."""
    found = last_runs(list(scheduled()), RUNS)
    latest = {job: rows[0] for job, rows in found.items()}
    return [
        Control(status, drawn(found.get(status.job.name, ()), status))
        for status in statuses_by(latest, now)
    ]


def drawn(rows: Sequence[JobRunRow], status: JobStatus) -> Sequence[str]:
    """The newest last. A row stands for all runs that were missed in a row; what is missing since is drawn, too."""
    outcomes: list[str] = []
    for row in reversed(rows):
        if row.outcome != "running":
            outcomes += [_word(row, status.job.every)] * min(row.runs, RUNS)
    outcomes += ["missed"] * min(status.missing, RUNS)
    return outcomes[-RUNS:]


def _word(row: JobRunRow, every: timedelta) -> str:
    if row.outcome == "missed":
        return "missed"
    if row.outcome in _BAD:
        return "bad"
    is_late = row.started is not None and row.started - row.due > every / 2
    return "late" if is_late else "ok"

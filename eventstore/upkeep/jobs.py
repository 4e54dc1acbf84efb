"""Scheduled work that leaves a trace: every run is a row, and so is every run that did not happen.

A job is due at every multiple of its interval since 1970, UTC. Of one job one run goes on at a time, whoever starts it
and on whatever machine: a lock of the database is held for as long as it runs, and goes with the process that held it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import structlog
from psycopg.types.json import Jsonb

from eventstore import metrics
from eventstore.database import has_hung_up, translated
from eventstore.errors import DatabaseUnanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from eventstore.database import Connect
    from eventstore.ports import Clock

logger = structlog.get_logger(__name__)

Counts = Mapping[str, int]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LOCK: Final = (
    "SELECT pg_try_advisory_lock(hashtext('eventstore job'), hashtext(%(job)s))"
)
_UNLOCK: Final = (
    "SELECT pg_advisory_unlock(hashtext('eventstore job'), hashtext(%(job)s))"
)
# Whoever has the lock knows that nobody else runs: what is said to be running was lost with its process.
_LOST: Final = """
UPDATE eventstore_jobrun SET outcome = 'lost', ended = %(now)s
 WHERE job = %(job)s AND outcome = 'running'
"""
# Index: eventstore_jobrun_job (job, due DESC). A clock that was ahead has left rows of times that have not come. The
# time between the last row and the one before is the interval that held then: what was missed has rows of its own.
_LAST: Final = """
SELECT last.due, last.until, last.outcome, last.due - (
       SELECT until FROM eventstore_jobrun before
        WHERE before.job = %(job)s AND before.due < last.due ORDER BY before.due DESC, before.id DESC LIMIT 1)
  FROM eventstore_jobrun last
 WHERE last.job = %(job)s AND last.due <= %(now)s ORDER BY last.due DESC, last.id DESC LIMIT 1
"""
_MISSED: Final = """
INSERT INTO eventstore_jobrun (job, due, until, runs, scope, counts, outcome)
VALUES (%(job)s, %(due)s, %(until)s, %(runs)s, %(scope)s, '{}', 'missed')
"""
_STARTED: Final = """
INSERT INTO eventstore_jobrun (job, due, until, runs, started, scope, counts, outcome)
VALUES (%(job)s, %(due)s, %(due)s, 1, %(now)s, %(scope)s, '{}', 'running') RETURNING id
"""
_ENDED: Final = """
UPDATE eventstore_jobrun
   SET ended = %(now)s, until = %(until)s, counts = %(counts)s, outcome = %(outcome)s, error = %(error)s
 WHERE id = %(id)s
"""
# Index: eventstore_jobrun_old (outcome, due), and eventstore_jobrun_job. What went wrong stays for good; so does the last
# row of each job, or what is missed behind it would never be told.
_FORGET: Final = """
DELETE FROM eventstore_jobrun old WHERE old.outcome = 'done' AND old.due < %(before)s
   AND EXISTS (SELECT FROM eventstore_jobrun later WHERE later.job = old.job AND (later.due, later.id) > (old.due, old.id))
"""


class JobOutcome(StrEnum):
    """running; done; failed: it raised; lost: its process died; missed: nobody ran it when it was due."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    MISSED = "missed"


_ENDED_BY_ITSELF: Final = (JobOutcome.DONE, JobOutcome.FAILED)


@dataclass(frozen=True, slots=True)
class Job:
    """work: does what is due, may be repeated at any time, and gives counts of what it did. scope: what it is about."""

    name: str
    every: timedelta
    scope: str
    work: Callable[[], Counts]

    def due_at(self, now: datetime) -> datetime:
        """The last time at or before now at which it was due."""
        return now - (now - _EPOCH) % self.every


class Jobs:
    """Runs jobs and keeps their rows."""

    def __init__(self, connect: Connect, clock: Clock) -> None:
        self._connect = connect
        self._clock = clock

    def run(self, job: Job, *, again: bool = False) -> JobOutcome | None:
        """Run it for the time at which it was due last; None if that was done or failed, or another run goes on.

        again: also then, for people; what failed would as a rule fail again. 1. take the job's lock; what is said to run was lost with its
        process 2. a row for the times that were missed since 3. a row for this run 4. the work 5. how it ended.
        A process that dies in between leaves its row "running", which the next run finds lost. Raises what the work
        raises, told by its kind in the row.
        """
        with self._connect() as connection, _alone(connection, job) as is_alone:  # 1
            if not is_alone:
                return None
            now = self._clock.now()
            due = job.due_at(now)
            connection.execute(_LOST, {"job": job.name, "now": now})
            latest = {"job": job.name, "now": now}
            last = connection.execute(_LAST, latest).fetchone()
            # later than this one is due: the interval was shorter then
            if last and last[0] >= due and last[2] in _ENDED_BY_ITSELF and not again:
                return None
            if last:
                was = last[3] or job.every
                self._tell_missed(connection, job, last[1], was, due)  # 2
            parameters = {"job": job.name, "due": due, "now": now, "scope": job.scope}
            row = connection.execute(_STARTED, parameters).fetchone()  # 3
            return self._work(connection, job, row[0] if row else 0)

    def _work(
        self, connection: psycopg.Connection[Any], job: Job, id_: int
    ) -> JobOutcome:
        began = self._clock.monotonic()
        outcome, counts, kind = JobOutcome.FAILED, {}, None
        try:
            counts = dict(job.work())  # 4
            outcome = JobOutcome.DONE
        except BaseException as error:
            kind = _kind(error)
            logger.exception(
                "a job failed", action="job-failed", job=job.name, error=kind
            )
            raise
        finally:
            now = self._clock.now()
            # a time that came while it was at work was not missed
            ended = {"id": id_, "now": now, "until": job.due_at(now), "error": kind}
            said = {"counts": Jsonb(counts), "outcome": str(outcome)}
            self._end(connection, ended | said)  # 5
            metrics.JOB_RUNS.labels(job.name, str(outcome)).inc()
            metrics.JOB_SECONDS.labels(job.name).observe(
                self._clock.monotonic() - began
            )
        return outcome

    def _end(
        self, connection: psycopg.Connection[Any], ended: Mapping[str, Any]
    ) -> None:
        """On a new session where this one was lost under the work: how that ended is true all the same.

        With the session went the lock; another run may have found this one lost meanwhile, and is put right.
        """
        try:
            with translated():
                connection.execute(_ENDED, ended)
        except DatabaseUnanswered as error:
            logger.warning(
                "a job's session was lost",
                action="job-session-lost",
                error=error.kind,
            )
            with self._connect() as anew:
                anew.execute(_ENDED, ended)

    def _tell_missed(
        self,
        connection: psycopg.Connection[Any],
        job: Job,
        last: datetime,
        was: timedelta,
        due: datetime,
    ) -> None:
        """One row for all the times between the last run and this one.

        The interval was another then, perhaps, and nobody knows when it was changed: by the longer one, so that nothing is
        said to be missed that was not due.
        """
        first = job.due_at(last + max(was - job.every, timedelta(0))) + job.every
        runs = (due - first) // job.every
        if runs <= 0:
            return
        until = due - job.every
        parameters = {"job": job.name, "due": first, "until": until, "runs": runs}
        connection.execute(_MISSED, parameters | {"scope": job.scope})
        metrics.JOB_RUNS.labels(job.name, str(JobOutcome.MISSED)).inc(runs)
        logger.warning(
            "a job was not run when it was due",
            action="job-missed",
            job=job.name,
            runs=runs,
        )

    def forget(self, older_than: timedelta) -> int:
        """Delete the rows of runs that went well and are older than this, but for the last of each job; how many those were."""
        before = self._clock.now() - older_than
        with self._connect() as connection:
            return connection.execute(_FORGET, {"before": before}).rowcount


def _kind(error: BaseException) -> str:
    """The code of an error of ours, else its class: no text, which may quote anything."""
    if isinstance(error, SystemExit):
        ended = error.code or 0
        return f"SystemExit {ended if isinstance(ended, int) else 1}"
    code = getattr(type(error), "code", None)
    return code if isinstance(code, str) else type(error).__name__


@contextmanager
def _alone(connection: psycopg.Connection[Any], job: Job) -> Iterator[bool]:
    """Whether nobody else runs this job, which then stays so."""
    parameters = {"job": job.name}
    row = connection.execute(_LOCK, parameters).fetchone()
    is_alone = bool(row and row[0])
    try:
        yield is_alone
    finally:
        if is_alone and not has_hung_up(connection):  # else it went with the session
            connection.execute(_UNLOCK, parameters)

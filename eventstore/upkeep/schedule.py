"""What runs by itself, and how often: a line a job, and behind them those of the project. Who runs it (Celery's beat and workers, or a cron) is not known here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.clock import SystemClock
from eventstore.conf import conf
from eventstore.database import connect
from eventstore.errors import SnapshotDrifted, VerificationFailed
from eventstore.privacy.configured import is_recorded, replaying, retention
from eventstore.snapshots.builder.run import make_snapshotter
from eventstore.snapshots.builder.verifying import Comparer
from eventstore.store import get_event_store, make_event_store
from eventstore.upkeep.jobs import Job, Jobs
from eventstore.upkeep.verifier.verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.upkeep.jobs import Counts

BUILDING: Final = 8.0  # seconds a run
SAMPLES: Final = 100  # a run
KEPT: Final = timedelta(days=90)
"""How long rows of runs that went well are kept; the others stay for good."""


def verify() -> Counts:
    """Log, mirror, index and heads, all of them; snapshots, up to a bound. Raises `VerificationFailed`."""
    with make_event_store().indexer() as indexer:
        indexer.check_topics()
        verifier = Verifier(
            indexer.topics, indexer.log, indexer.connection(), now=SystemClock().now()
        )
        findings = verifier.run(
            indexer.topics.places, progress=lambda _place, _moved: None
        )
        comparer = Comparer(get_event_store(), indexer.log, now=SystemClock().now())
        compared = comparer.run()
    if findings.differences or compared.wrong:
        raise VerificationFailed(len(findings.differences) + compared.wrong)
    return {
        "records": sum(place.records for place in findings.places),
        "events": sum(place.events for place in findings.places),
        "streams": findings.streams,
        "snapshots_compared": compared.compared,
        "snapshots_not_compared": sum(compared.not_compared.values()),
    }


def build_snapshots() -> Counts:
    """What is due, for at most so long as that the next run finds its turn; the rest is the next one's."""
    built = make_snapshotter().build_due(seconds=BUILDING)
    return {
        "snapshots": built.snapshots,
        "events": built.events,
        "problems": len(built.problems),
    }


def sample_snapshots() -> Counts:
    """Some snapshots against a full replay. Raises `SnapshotDrifted`; each that did is in the log, and set aside."""
    sampled = make_snapshotter().sample(SAMPLES)
    if sampled.drifted:
        raise SnapshotDrifted(len(sampled.drifted))
    return {
        "snapshots": sampled.looked_at,
        "unreadable": len(sampled.unreadable),
        "refused": len(sampled.refused),
    }


def finish_erasures() -> Counts:
    """What was ordered to be destroyed and is not at its end, and what rose: as the log says it since the key store's mark."""
    if not is_recorded():
        return {}
    replayed = replaying().run(finish=True)
    return {"subjects": replayed.subjects, "risen": replayed.risen}


def expire() -> Counts:
    """Keys whose month and period are past, but for those that a hold keeps."""
    if not is_recorded():
        return {}
    expiries = retention().run()
    return {
        "keys": sum(one.destroyed for one in expiries),
        "held": sum(one.held for one in expiries),
    }


def forget_runs() -> Counts:
    """Rows of runs that went well, after their time."""
    return {"rows": jobs().forget(KEPT)}


def scheduled() -> Mapping[str, Job]:
    """All of it by name: the store's, and what `EVENTSTORE["JOBS"]` names. Raises ImproperlyConfigured for what is no job, and for two of one name."""
    found = dict(SCHEDULE)
    for path in conf.JOBS:
        job = _job_at(path)
        if found.setdefault(job.name, job) is not job:
            msg = f"Two jobs are named {job.name}; a name is that of its runs."
            raise ImproperlyConfigured(msg)
    return found


def _job_at(path: str) -> Job:
    try:
        target = import_string(path)
    except ImportError as error:
        msg = f"EVENTSTORE['JOBS'] names {path}, which cannot be imported."
        raise ImproperlyConfigured(msg) from error
    if not isinstance(target, Job):
        msg = f"EVENTSTORE['JOBS'] names {path}, which is no Job."
        raise ImproperlyConfigured(msg)
    return target


def jobs() -> Jobs:
    """What runs them, on the configured database."""
    return Jobs(connect, SystemClock())


SCHEDULE: Final[Mapping[str, Job]] = {
    job.name: job
    for job in (
        Job("build_snapshots", timedelta(seconds=10), "due snapshots", build_snapshots),
        Job("sample_snapshots", timedelta(hours=1), "snapshots", sample_snapshots),
        Job(
            "verify", timedelta(days=1), "log, mirror, index, heads, snapshots", verify
        ),
        Job(
            "finish_erasures",
            timedelta(minutes=10),
            "orders to destroy",
            finish_erasures,
        ),
        Job("retention", timedelta(days=1), "keys past their time", expire),
        Job("forget_runs", timedelta(days=1), "rows of this table", forget_runs),
    )
}

"""What runs by itself, and how often. One line a job; who runs it (Celery's beat and workers, or a cron) is not known here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import VerificationFailed
from eventstore.jobs import Job, Jobs
from eventstore.store import make_event_store
from eventstore.verifier.verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.jobs import Counts

KEPT: Final = timedelta(days=90)
"""How long rows of runs that went well are kept; the others stay for good."""


def verify() -> Counts:
    """Log, mirror, index and heads, all of them. Raises `VerificationFailed`."""
    with make_event_store().indexer() as indexer:
        indexer.check_topics()
        verifier = Verifier(
            indexer.topics, indexer.log, indexer.connection(), now=SystemClock().now()
        )
        found = verifier.run(
            indexer.topics.places, progress=lambda _place, _moved: None
        )
    if found.differences:
        raise VerificationFailed(len(found.differences))
    return {
        "records": sum(place.records for place in found.places),
        "events": sum(place.events for place in found.places),
        "streams": found.streams,
    }


def forget_runs() -> Counts:
    """Rows of runs that went well, after their time."""
    return {"rows": jobs().forget(KEPT)}


def jobs() -> Jobs:
    """What runs them, on the configured database."""
    return Jobs(connect, SystemClock())


SCHEDULE: Final[Mapping[str, Job]] = {
    job.name: job
    for job in (
        Job("verify", timedelta(days=1), "log, mirror, index, heads", verify),
        Job("forget_runs", timedelta(days=1), "rows of this table", forget_runs),
    )
}

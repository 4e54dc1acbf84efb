"""The one task there is for Celery: run a job of the schedule. It may come twice, late or never; the job's row says which."""

from __future__ import annotations

from celery import shared_task

from eventstore.upkeep.schedule import jobs, scheduled


@shared_task(name="eventstore.run_job", ignore_result=True)  # type: ignore[untyped-decorator]
def run_job(name: str) -> None:
    """Run it, unless it has been run for this time or runs elsewhere. Raises KeyError for a name that is not scheduled."""
    jobs().run(scheduled()[name])

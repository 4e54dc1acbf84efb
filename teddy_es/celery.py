"""Celery: who runs the schedule. One task, `eventstore.run_job`; the row of the run says what became of it.

    celery --app teddy_es.celery worker --without-gossip --without-mingle --without-heartbeat
    celery --app teddy_es.celery beat --scheduler celery.beat:Scheduler

Beat keeps no state, and would count from its start: a daily task would never be sent by one that is started anew every
day, and one of every half minute always as late as beat was started between two times. So it asks for every job at the times
at which that is due (`teddy_es.beat`) and once a minute besides; what has been run for its time is not run again, however
many beats there are. A task that waited until the next one was sent expires.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    worker_init,
    worker_process_init,
)

import eventstore.tasks  # noqa: F401  (registers itself)
from eventstore.upkeep.schedule import scheduled
from teddy_es.beat import LOOK, WhenDue
from teddy_es.correlation import follow_tasks

if TYPE_CHECKING:
    from eventstore.upkeep.jobs import Job

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teddy_es.settings")  # noqa: TID251  (the worker's command has no other way)

app = Celery("teddy_es")
app.config_from_object("django.conf:settings", namespace="CELERY")


def _entry(job: Job) -> dict[str, Any]:
    return {
        "task": "eventstore.run_job",
        "schedule": WhenDue(job),
        "args": (job.name,),
        "options": {"expires": min(job.every, LOOK).total_seconds()},
    }


app.conf.beat_schedule = {job.name: _entry(job) for job in scheduled().values()}
follow_tasks()


def _keep_our_logging(**_: Any) -> None:
    """Celery would put its own in place of what the settings configured."""


def _refuse_unsafe_start(**_: Any) -> None:
    """Worker and beat begin as the web does."""
    from teddy_es.startup import refuse_unsafe_start

    try:
        refuse_unsafe_start()
    except Exception as error:  # Celery would log it, and go on
        raise SystemExit(1) from error


def _begin_a_process(**_: Any) -> None:
    """A forked worker uses no connection of its parent."""
    from django.db import connections

    connections.close_all()


setup_logging.connect(_keep_our_logging, weak=False)
worker_init.connect(_refuse_unsafe_start, weak=False)
beat_init.connect(_refuse_unsafe_start, weak=False)
worker_process_init.connect(_begin_a_process, weak=False)

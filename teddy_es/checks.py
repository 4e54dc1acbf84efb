"""System checks of the project. docs/CHECKS.md has a line for each."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from eventstore.conf import conf as eventstore
from teddy_es.conf import conf


@register(Tags.compatibility)
def check_broker(**_kwargs: Any) -> list[CheckMessage]:
    """Scheduled jobs need a broker that several machines reach; files do for the quickstart alone."""
    if conf.CELERY_BROKER_URL and not (
        eventstore.MODE == "production"
        and conf.CELERY_BROKER_URL.startswith(("filesystem:", "memory:"))
    ):
        return []
    return [
        Error(
            "CELERY_BROKER_URL names no broker that production can use: scheduled jobs would not run.",
            id="teddy_es.E001",
            hint="Set it, as in redis://redis:6379/0. docs/guide/JOBS.md says which brokers there are.",
        )
    ]

"""System checks: what is dangerous or missing, with ids that never change. docs/CHECKS.md has a line for each."""

from __future__ import annotations

from typing import Any

import psycopg
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from eventstore.conf import conf, registry
from eventstore.errors import EventStoreError
from eventstore.sealing import PassThroughSealer
from eventstore.store import KINDS, make_event_store


@register(Tags.compatibility)
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """What can be said without asking anybody."""
    try:
        registry()
    except (ImproperlyConfigured, ImportError) as error:
        return [Error(str(error), id="eventstore.E001", hint="Put EVENTSTORE right.")]
    found: list[CheckMessage] = []
    if conf.LOG not in KINDS:
        found.append(
            Error(
                f"TEDDY_LOG is {conf.LOG}, there are: {', '.join(KINDS)}.",
                id="eventstore.E002",
            )
        )
    if not 1 <= conf.PARTITIONS <= 512:
        found.append(
            Error(
                f"TEDDY_PARTITIONS is {conf.PARTITIONS}, not in 1..512.",
                id="eventstore.E003",
            )
        )
    if conf.APPEND_TIMEOUT <= 0 or conf.APPEND_QUEUE <= 0:
        found.append(
            Error(
                "APPEND_TIMEOUT and APPEND_QUEUE must be above 0.", id="eventstore.E004"
            )
        )
    return found


@register(Tags.security)
def check_sealing(**_kwargs: Any) -> list[CheckMessage]:
    """A store that seals nothing holds development data."""
    if PassThroughSealer.seals:
        return []
    return [
        checks.Warning(
            "Sensitive fields stand in the log unsealed: what this store holds is development data.",
            id="eventstore.W001",
            hint="Do not write real people's words to it; nothing can be erased from it later.",
        )
    ]


@register(Tags.database, deploy=True)
def check_log(**_kwargs: Any) -> list[CheckMessage]:
    """`check --deploy --database default`: the topics, as they must be and as they were at creation."""
    indexer = make_event_store().make_indexer()
    try:
        indexer.check_topics()
    except (EventStoreError, psycopg.OperationalError) as error:
        return [Error(str(error), id="eventstore.E010", hint="See docs/OPERATIONS.md.")]
    finally:
        indexer.close()
        indexer.log.close()
    return []

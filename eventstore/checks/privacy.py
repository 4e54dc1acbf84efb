"""Whether what is sealed can be forgotten: by which events that is told, and when its time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import CheckMessage, Error

from eventstore.clock import SystemClock
from eventstore.conf import EventStoreSettings, conf
from eventstore.privacy.policy import PolicyError, policies, refuse_missing

if TYPE_CHECKING:
    from eventstore.registry import Registry


def of_privacy(types: Registry) -> list[CheckMessage]:
    """Of a domain with sensitive fields whose keys are the key store's. Others need none of it."""
    if not (seals(types) and is_the_key_stores()):
        return []
    return [*_without_events(types), *_wrong_policy(types)]


def seals(types: Registry) -> bool:
    """Whether any type of the domain has a sensitive field."""
    return any(known.sensitive for known in types.event_types())


def is_the_key_stores() -> bool:
    """Whether keys are those that the log is told of; others, as a test's in memory, need no events."""
    return bool(conf.KEYS == EventStoreSettings.KEYS)


def _without_events(types: Registry) -> list[CheckMessage]:
    if types.privacy is not None:
        return []
    return [
        Error(
            "Event types have sensitive fields, and the registry names no events by which keys are minted and destroyed.",
            id="eventstore.E060",
            hint="Registry.privacy_events(PrivacyEvents(…)): docs/ERASURE.md.",
        )
    ]


def _wrong_policy(types: Registry) -> list[CheckMessage]:
    """Every class of sealed data has a period that is in force; what is clear may have one, for a notice."""
    sealed = {known.retention for known in types.event_types() if known.sensitive}
    known = {one.retention for one in types.event_types()}
    try:
        made = policies(conf.RETENTION)
        refuse_missing(made, sealed, known, SystemClock().now().date())
    except PolicyError as error:
        hint = "Say for each retention class how long it is kept, and why: docs/ERASURE.md, 'Retention'."
        return [Error(str(error), id="eventstore.E061", hint=hint)]
    return []

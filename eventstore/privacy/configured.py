"""By the settings: who destroys, holds, expires and replays, on the configured store and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.clock import SystemClock
from eventstore.conf import conf, registry
from eventstore.keys.configured import hand_in, key_store
from eventstore.privacy.certificate import Certifying
from eventstore.privacy.deciding import Deciding
from eventstore.privacy.destroying import Destroying
from eventstore.privacy.erasing import Erasing
from eventstore.privacy.holding import Holding
from eventstore.privacy.key_shelf import KeyStoreShelf
from eventstore.privacy.log_lineage import LogLineage
from eventstore.privacy.policy import policies
from eventstore.privacy.reaching import look, reach
from eventstore.privacy.retention import Retention
from eventstore.privacy.undead import Replaying
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.privacy.policy import Policy


def is_recorded() -> bool:
    """Whether the domain names the events of keys. One that does not has no sealed fields to be forgotten (`eventstore.E060`)."""
    return registry().privacy is not None


def deciding() -> Deciding:
    """On the configured store. Raises LookupError where the domain names no privacy events."""
    return Deciding(get_event_store(), registry())


def shelf() -> KeyStoreShelf:
    """Of the configured key store."""
    return KeyStoreShelf(key_store())


def destroying() -> Destroying:
    """Of both."""
    return Destroying(deciding(), shelf(), SystemClock(), reach)


def holding() -> Holding:
    """Of the configured store."""
    return Holding(deciding(), SystemClock())


def erasing() -> Erasing:
    """Of both."""
    return Erasing(destroying(), shelf(), look)


def certifying() -> Certifying:
    """Of both."""
    return Certifying(deciding(), shelf(), SystemClock())


def retention() -> Retention:
    """By the configured policies. Raises `PolicyError`."""
    return Retention(destroying(), shelf(), SystemClock(), configured_policies())


def configured_policies() -> Mapping[str, Sequence[Policy]]:
    """How long each class is kept. Raises `PolicyError`."""
    return policies(conf.RETENTION)


def replaying() -> Replaying:
    """Of both."""
    store = get_event_store()
    return Replaying(store, destroying(), shelf(), registry(), SystemClock())


def enter() -> None:
    """Have the key store ask the log, when Django is ready."""
    hand_in(lambda: LogLineage(replaying))

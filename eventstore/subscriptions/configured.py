"""The subscriptions that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.conf import conf
from eventstore.subscriptions.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def configured() -> Mapping[str, Subscription]:
    """By name. Raises ImproperlyConfigured for a path to no Subscription, and for two of one name."""
    return by_name([_subscription_at(path) for path in paths_in("SUBSCRIPTIONS")])


def by_name(subscriptions: Iterable[Subscription]) -> dict[str, Subscription]:
    """Raises ImproperlyConfigured for two of one name."""
    named: dict[str, Subscription] = {}
    for one in subscriptions:
        if named.setdefault(one.name, one) is not one:
            msg = f"Two subscriptions are named {one.name}; a name is a checkpoint's."
            raise ImproperlyConfigured(msg)
    return named


def paths_in(setting: str) -> Sequence[str]:
    """The dotted paths of a setting. Raises ImproperlyConfigured for one path instead of a list."""
    value: object = getattr(conf, setting)
    if not isinstance(value, (list, tuple)):
        msg = f"EVENTSTORE['{setting}'] is a list of dotted paths, not a {type(value).__name__}."
        raise ImproperlyConfigured(msg)
    return value


def _subscription_at(path: str) -> Subscription:
    target = import_string(path)
    if not isinstance(target, Subscription):
        msg = f"EVENTSTORE['SUBSCRIPTIONS'] names {path}, which is no Subscription."
        raise ImproperlyConfigured(msg)
    return target

"""Which keys the settings name, and who seals and opens by them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.conf import conf
from eventstore.opening.opener import KeyOpener
from eventstore.sealing.sealer import KeySealer

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.ports import KeyRing


def key_ring() -> KeyRing:
    """The configured keys: one ring a process. Raises ImproperlyConfigured."""
    return _ring_at(conf.KEYS)()


@cache
def _ring_at(path: str) -> Callable[[], KeyRing]:
    try:
        gives: Callable[[], KeyRing] = import_string(path)
    except ImportError as error:
        msg = f"EVENTSTORE['KEYS'] names {path}, which cannot be imported."
        raise ImproperlyConfigured(msg) from error
    return gives


def sealer() -> KeySealer:
    """Seals under the configured keys, for whoever appends: it gives no right to see. Raises ImproperlyConfigured."""
    return KeySealer(key_ring())


def opener() -> KeyOpener:
    """Opens what the configured store has sealed. To call it is the right: who shows a person what it opened asks an `AccessRecorder` before."""
    return KeyOpener(key_ring())

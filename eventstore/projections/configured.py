"""The projections that the settings name: by name, and of each its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.projections.projection import Projection
from eventstore.subscriptions.configured import paths_in

if TYPE_CHECKING:
    from collections.abc import Mapping

Versions = dict[int, Projection]


def configured() -> Mapping[str, Versions]:
    """Raises ImproperlyConfigured for a path to no Projection, one that is declared wrongly, and two of one version."""
    by_name: dict[str, Versions] = {}
    for path in paths_in("PROJECTIONS"):
        made = _projection_at(path)
        versions = by_name.setdefault(made.name, {})
        if made.version in versions:
            msg = f"Two projections are version {made.version} of {made.name}."
            raise ImproperlyConfigured(msg)
        versions[made.version] = made
    return by_name


def versions_of(name: str) -> Versions:
    """Of one. Raises ImproperlyConfigured for a name that no code goes by."""
    known = configured()
    if name not in known:
        there_are = ", ".join(known) or "none"
        msg = f"No projection is named {name}. There are: {there_are}."
        raise ImproperlyConfigured(msg)
    return known[name]


def _projection_at(path: str) -> Projection:
    target = import_string(path)
    if not (isinstance(target, type) and issubclass(target, Projection)):
        msg = f"EVENTSTORE['PROJECTIONS'] names {path}, which is no Projection."
        raise ImproperlyConfigured(msg)
    if problems := target.problems():
        msg = f"EVENTSTORE['PROJECTIONS'] names {path}: {'; '.join(problems)}."
        raise ImproperlyConfigured(msg)
    return target()

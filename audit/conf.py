"""The console's own settings: attribute = default, looked up live, so that `override_settings` just works."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, get_args

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from teddy_es.domain.deadlines import Rule, Rules
from teddy_es.domain.violations import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SEVERITIES: Final[Sequence[Severity]] = get_args(Severity)
_WRONG: Final = (
    "DEADLINES is a list of rules, each with `since` (a day) and the minutes of every severity: "
    + ", ".join(SEVERITIES)
)


class ConsoleSettings:
    """Nobody else in this package touches Django's settings."""

    TEDDY_SESSION_IDLE: int = (
        900  # seconds in which nothing is asked, then a session ends
    )
    DEADLINES: Sequence[
        Mapping[str, Any]
    ] = ()  # how long a violation may wait for its decision, from which day on
    TEDDY_APPROVAL_HOURS: int = 24  # how long a second person may take

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        return getattr(settings, name, default) if name.isupper() else default


conf = ConsoleSettings()


def rules() -> Rules:
    """The deadlines that are configured. Raises ImproperlyConfigured for what makes no sense, and for none."""
    try:
        said = json.dumps(conf.DEADLINES)
    except TypeError as error:
        raise ImproperlyConfigured(_WRONG) from error
    return _rules(said)


@lru_cache(maxsize=8)  # each event of a violation asks
def _rules(said: str) -> Rules:
    try:
        made = [_rule(one) for one in json.loads(said)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ImproperlyConfigured(_WRONG) from error
    if not made or len({rule.since for rule in made}) < len(made):
        raise ImproperlyConfigured(_WRONG)
    return Rules(made)


def _rule(said: Mapping[str, Any]) -> Rule:
    since = datetime.combine(
        datetime.fromisoformat(said["since"]).date(), datetime.min.time(), UTC
    )
    if said.keys() != {"since", *SEVERITIES}:
        raise KeyError
    periods = {name: timedelta(minutes=said[name]) for name in SEVERITIES}
    if min(periods.values()) <= timedelta(0):
        raise ValueError
    return Rule(since, periods)

"""The console's own settings: attribute = default, looked up live, so that `override_settings` just works."""

from __future__ import annotations

from typing import Any

from django.conf import settings


class ConsoleSettings:
    """Nobody else in this package touches Django's settings."""

    TEDDY_SESSION_IDLE: int = (
        900  # seconds in which nothing is asked, then a session ends
    )

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        return getattr(settings, name, default) if name.isupper() else default


conf = ConsoleSettings()

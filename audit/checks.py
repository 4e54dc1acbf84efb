"""System checks of the console, with ids that never change. docs/CHECKS.md has a line for each."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004  (its name there)


@register(Tags.security)
def who_may_see_payloads(**_options: Any) -> list[CheckMessage]:
    """Say that there is one role so far."""
    return [
        Warning(
            "The console's pages that show payloads are for superusers only until roles exist.",
            hint="Give nobody a superuser's account who may not read what persons have said."
            " Staff without it see figures only.",
            id="audit.W001",
        )
    ]

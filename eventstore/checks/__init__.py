"""System checks: what is wrong with settings, types and the installation, said before anything else goes wrong."""

from __future__ import annotations

from eventstore.checks.system import (
    check_log,
    check_settings,
)

__all__ = [
    "check_log",
    "check_settings",
]

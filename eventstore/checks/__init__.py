"""System checks: what is wrong with settings, types and the installation, said before anything else goes wrong."""

from __future__ import annotations

from eventstore.checks.keys import check_key_encryption_keys, check_key_settings
from eventstore.checks.system import (
    check_log,
    check_settings,
)

__all__ = [
    "check_key_encryption_keys",
    "check_key_settings",
    "check_log",
    "check_settings",
]

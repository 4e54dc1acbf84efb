"""A store of the Teddy domain, as the read models' tests have it."""

from __future__ import annotations

from tests.integration.people.conftest import families

__all__ = ["families"]

"""Which database a table belongs to: keys never stand beside what they open, and nothing else stands beside keys."""

from __future__ import annotations

from typing import Any, Final

ALIAS: Final = "keys"
LABEL: Final = "keys"  # of the app


class KeysRouter:
    """For Django's `DATABASE_ROUTERS`."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        """The key store's alias for its models."""
        return ALIAS if model._meta.app_label == LABEL else None  # noqa: SLF001  (Django's name)

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """The same."""
        return self.db_for_read(model, **hints)

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        """Both ways: keys there alone, and there keys alone."""
        if db == ALIAS or app_label == LABEL:
            return db == ALIAS and app_label == LABEL
        return None

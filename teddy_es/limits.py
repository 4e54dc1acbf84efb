"""How long PostgreSQL lets Django's connection wait where pages are made. How long a network may: `teddy_es/settings.py`.

Commands (an export, a migration, a rebuild) may take hours and get no limit of the server's; a page may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.signals import connection_created

from teddy_es.conf import conf

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_SET: Final = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) given(name, value)"


def of_pages() -> None:
    """From now on each new connection of Django's in this process has the limits of pages."""
    connection_created.connect(_limit, dispatch_uid="teddy_es.limits")


def of_commands() -> None:
    """None, from now on."""
    connection_created.disconnect(dispatch_uid="teddy_es.limits")


def _limit(*, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    if connection.alias != DEFAULT_DB_ALIAS:
        return
    limits = {
        "lock_timeout": conf.TEDDY_DATABASE_LOCK_TIMEOUT,
        "statement_timeout": conf.TEDDY_DATABASE_STATEMENT_TIMEOUT,
        "idle_in_transaction_session_timeout": conf.TEDDY_DATABASE_IDLE_TIMEOUT,
        "transaction_timeout": conf.TEDDY_DATABASE_TRANSACTION_TIMEOUT,
    }
    values = [f"{seconds}s" for seconds in limits.values()]
    connection.connection.execute(_SET, [list(limits), values])

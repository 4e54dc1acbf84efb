"""What stands beside every figure: machine, versions, the settings that decide about durability and speed."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from eventstore.conf import conf
from eventstore.database import connect
from eventstore.log.configured import KAFKA

if TYPE_CHECKING:
    from teddy_es.bench.noise import Noise

_PACKAGES: Final = ("django", "eventsourcing", "kafka-python", "psycopg")
_SETTINGS: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "wal_sync_method",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
)


def conditions(noise: Noise) -> dict[str, Any]:
    """Of this run."""
    return {
        "log": conf.LOG,
        "partitions": conf.PARTITIONS,
        "cpus": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "postgresql": _postgresql(),
        "kafka": _kafka(),
        "noise": noise.summary(),
    }


def _postgresql() -> dict[str, str]:
    with connect() as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) name",
            (list(_SETTINGS),),
        )
        return dict(rows.fetchall())


def _kafka() -> dict[str, Any] | None:
    if conf.LOG != KAFKA:
        return None
    from teddy_es.bench.broker import durability

    return durability()

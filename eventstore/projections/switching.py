"""Switching the version that is read, in one transaction; and dropping one that is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from django.db import connections

from eventstore.database import Condition, condition_of
from eventstore.errors import ProjectionNotReady, ProjectionsDiffer
from eventstore.projections.comparing import compare, on_one_cut
from eventstore.projections.following import candidate_of
from eventstore.projections.identifying import models_of
from eventstore.projections.schemas import (
    columns_of,
    create_schema,
    current_schema,
    drop_tables,
    move_tables,
    schema_of,
    table_of,
    tables_in,
)
from eventstore.projections.statuses import has_candidate, version_read
from eventstore.queries.connection import atomic, unchecked_cursor
from eventstore.subscriptions import checkpoint_rows, names, parking
from eventstore.subscriptions.checkpoints import hold_all
from eventstore.subscriptions.operating import record, remove, wake

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.backends.utils import CursorWrapper

    from eventstore.ports import Clock
    from eventstore.projections.building import Building
    from eventstore.projections.comparing import TableDifference
    from eventstore.projections.projection import Projection
    from eventstore.subscriptions.operating import Order

logger = structlog.get_logger(__name__)

_TRIES: Final = 20
# A reader that holds on to a table makes all others wait behind this; so it gives up soon, and comes back.
_PATIENCE: Final = "SET LOCAL lock_timeout = '500ms'"


@dataclass(frozen=True, slots=True)
class Switched:
    """Which version is read now, which was before, and how they differed."""

    name: str
    version: int
    before: int
    differences: Sequence[TableDifference]


class Switching:
    """What people do with versions of projections; each is recorded with who and why, under the projection's name."""

    def __init__(self, clock: Clock, pause: Callable[[float], object]) -> None:
        """pause: sleeps for seconds, between two tries to get at the tables."""
        self._clock = clock
        self._pause = pause

    def switch(
        self, building: Building, order: Order, *, accept_differences: bool = False
    ) -> Switched:
        """Compare, then have the version that was built be the one that is read; the other is kept beside it.

        Raises `ProjectionNotReady` (parked streams, or readers that never let go of a table), `ProjectionsDiffer` unless
        that is accepted; nothing is switched then.
        """
        name = building.projection.name
        differences = compare(building)
        different = [one.table for one in differences if not one.is_same]
        if different and not accept_differences:
            raise ProjectionsDiffer(name, tables=different)
        before = self._when_readers_let(building, order)
        version = building.projection.version
        logger.info(
            "a projection was switched",
            action="projection-switched",
            projection=name,
            version=version,
        )
        return Switched(name, version, before, differences)

    def drop(self, name: str, version: int, order: Order) -> None:
        """Remove a version that is not read, with its tables. Raises `ProjectionNotReady` for the one that is, or for none."""
        if version_read(name) == version:
            msg = f"version {version} is the one that is read; switch to another first"
            raise ProjectionNotReady(name, msg)
        if not has_candidate(name, version) and not tables_in(schema_of(name, version)):
            msg = f"no version {version} stands beside it: see `manage.py projections list`"
            raise ProjectionNotReady(name, msg)
        with atomic(durable=True), unchecked_cursor() as cursor:
            names.hold(cursor, candidate_of(name, version))
            hold_all(cursor, candidate_of(name, version))
            drop_tables(name, version)
            remove(cursor, candidate_of(name, version))
            record(
                cursor, self._clock, name, "drop", order, detail=f"version {version}"
            )

    def _when_readers_let(self, building: Building, order: Order) -> int:
        name = building.projection.name
        with ThreadPoolExecutor(1, "projection") as thread:
            try:
                for _ in range(_TRIES):
                    try:
                        with on_one_cut(building, thread):
                            return self._switch(building, order)
                    except Exception as error:
                        if condition_of(error) is not Condition.LOCKED:
                            raise
                        logger.info(
                            "readers hold a table of the projection; the switch retries",
                            action="projection-switch-delayed",
                            projection=name,
                        )
                        self._pause(0.5)
            finally:
                thread.submit(connections.close_all).result()
        msg = "a reader holds one of its tables; look for long transactions in pg_stat_activity, then switch again"
        raise ProjectionNotReady(name, msg)

    def _switch(self, building: Building, order: Order) -> int:
        """In the transaction in which both stand at one cut; the version that was read."""
        name, version = building.projection.name, building.projection.version
        before = version_read(name)
        if before is None or before == version:
            raise ProjectionNotReady(name, f"version {version} is read already")
        with unchecked_cursor() as cursor:
            cursor.execute(_PATIENCE)
            if names.hold(cursor, candidate_of(name, version)) is None:
                msg = f"somebody dropped version {version} meanwhile"
                raise ProjectionNotReady(name, msg)
            hold_all(cursor, candidate_of(name, version))
            _refuse_other_columns(building.projection)
            _swap_tables(name, version, before)
            _rename(cursor, name, candidate_of(name, before))
            _rename(cursor, candidate_of(name, version), name)
            checkpoint_rows.first_time_from_here(cursor, name)
            checkpoint_rows.no_first_time(cursor, candidate_of(name, before))
            record(
                cursor,
                self._clock,
                name,
                "switch",
                order,
                detail=f"from version {before} to {version}",
            )
            wake(cursor)
        return before


def _refuse_other_columns(projection: Projection) -> None:
    """Raise `ProjectionNotReady` if a migration went by since the tables were made: readers would not find what they ask for."""
    name, version = projection.name, projection.version
    for model in models_of(projection.models):
        table, meta = table_of(model), model._meta  # noqa: SLF001
        wanted = {str(field.column) for field in meta.local_concrete_fields}
        columns = set(columns_of(schema_of(name, version), table))
        if wanted != columns:
            told = ", ".join(sorted(wanted ^ columns))
            msg = f"version {version} has not the columns of the models in {table} ({told}); drop it, and build it anew"
            raise ProjectionNotReady(name, msg)


def _swap_tables(name: str, version: int, before: int) -> None:
    """What is read goes to its version's schema, what was built comes out of its own."""
    read, old, new = current_schema(), schema_of(name, before), schema_of(name, version)
    built = tables_in(new)
    there = set(tables_in(read))
    create_schema(old)
    move_tables([table for table in built if table in there], from_=read, to=old)
    move_tables(built, from_=new, to=read)
    drop_tables(name, version)


def _rename(cursor: CursorWrapper, name: str, to: str) -> None:
    for rows in (names, checkpoint_rows, parking):
        rows.rename(cursor, name, to)

"""Projections that the tests build: the quantity of each order, in two versions, and their tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from django.db import connection, models

from eventstore.projections import Projection
from eventstore.projections.schemas import drop_tables
from eventstore.testing.shop import OrderChanged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.bus import Published


class OrderTotal(models.Model):
    """What was ordered last, and how often that was changed."""

    stream_id = models.TextField(unique=True)
    quantity = models.IntegerField()
    changes = models.IntegerField(default=0)

    objects: ClassVar[models.Manager[OrderTotal]] = models.Manager()

    class Meta:
        app_label = "tests"
        indexes = [models.Index(fields=["quantity"], name="tests_total_quantity")]

    def __str__(self) -> str:
        return self.stream_id


class Totals(Projection):
    """The first version: forgets to count."""

    name = "totals"
    models = (OrderTotal,)
    happened: ClassVar[list[tuple[int, str]]] = []

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        for event in events:
            if isinstance(event.event, OrderChanged):
                OrderTotal.objects.update_or_create(
                    stream_id=event.stream_id,
                    defaults=self.fields(event.event.quantity, event.version),
                )

    def effects(self, event: Published) -> None:
        """See `Projection`."""
        self.happened.append((self.version, f"{event.stream_id} {event.version}"))

    def fields(self, quantity: int, _version: int) -> dict[str, int]:
        """What is written."""
        return {"quantity": quantity}


class CountedTotals(Totals):
    """The second: counts."""

    version = 2

    def fields(self, quantity: int, version: int) -> dict[str, int]:
        """What is written."""
        return {"quantity": quantity, "changes": version - 1}


class SameTotals(Totals):
    """The third writes what the first wrote."""

    version = 3


class AwaitedTotals(Totals):
    """The fourth, too, by a coroutine (`Totals` has narrowed what `Projection` allows)."""

    version = 4

    async def handle(self, events: Sequence[Published]) -> None:  # type: ignore[override]
        """See `Projection`."""
        for event in events:
            if isinstance(event.event, OrderChanged):
                await OrderTotal.objects.aupdate_or_create(
                    stream_id=event.stream_id,
                    defaults=self.fields(event.event.quantity, event.version),
                )


AWAITED = f"{__name__}.{AwaitedTotals.__name__}"
PATHS = [
    f"tests.support.projecting.{cls.__name__}"
    for cls in (Totals, CountedTotals, SameTotals)
]


@contextmanager
def tables() -> Iterator[None]:
    """The table that is read, and none that a version has beside it."""
    with connection.schema_editor() as editor:
        editor.create_model(OrderTotal)
    Totals.happened.clear()
    try:
        yield
    finally:
        for version in (1, 2, 3, 4):
            drop_tables("totals", version)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE tests_ordertotal")


def rows() -> dict[str, tuple[int, int]]:
    """Quantity and changes by the stream's own name, as readers find them."""
    return {
        total.stream_id.partition(".")[2]: (total.quantity, total.changes)
        for total in OrderTotal.objects.all()
    }

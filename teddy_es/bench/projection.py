"""The projection that is measured: of each stream how much was said and what last. Two versions, which write the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import connection, models

from eventstore.projections import Projection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published

NAME = "spoken"


class Spoken(models.Model):
    """A row a stream."""

    stream_id = models.TextField(primary_key=True)
    events = models.IntegerField()
    last_type = models.TextField()
    last_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Spoken]] = models.Manager()

    class Meta:
        app_label = (
            "bench"  # no app of the project: the measurement makes the table itself
        )
        indexes = [models.Index(fields=["last_at"], name="bench_spoken_last")]

    def __str__(self) -> str:
        return self.stream_id


class SpokenBefore(Projection):
    """The version that is read."""

    name = NAME
    version = 1
    models = (Spoken,)

    def handle(self, events: Sequence[Published]) -> None:
        """One statement a batch: rows are read once, changed here, and written once."""
        ids = {event.stream_id for event in events}
        rows = Spoken.objects.in_bulk(ids)
        for event in events:
            row = rows.setdefault(
                event.stream_id, Spoken(stream_id=event.stream_id, events=0)
            )
            row.events += 1
            row.last_type = type(event.event).__name__
            row.last_at = event.recorded_at
        Spoken.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["stream_id"],
            update_fields=["events", "last_type", "last_at"],
        )


class SpokenNow(SpokenBefore):
    """The version that is built beside it."""

    version = 2


PATHS = tuple(
    f"teddy_es.bench.projection.{cls.__name__}" for cls in (SpokenBefore, SpokenNow)
)


def make_table() -> None:
    """That of the version that is read."""
    with connection.schema_editor() as editor:
        editor.create_model(Spoken)

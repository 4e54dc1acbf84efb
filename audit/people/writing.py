"""What the projections share: an event's place as rows have it, and rows that are written at once, however many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.positions import packed_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from django.db.models import Model

    from eventstore.bus import Published

_AT_ONCE: Final = 2_000  # rows in a statement


def own_id(event: Published) -> str:
    """What stands behind the dot of its stream."""
    return event.stream_id.partition(".")[2]


def place(event: Published) -> int:
    """Its position, packed."""
    return packed_of(event.position)


def occurred(event: Published) -> datetime:
    """When it happened, by its writer's clock. A subscription always hands that over."""
    if event.occurred_at is None:
        msg = "an event of the log says when it happened"
        raise TypeError(msg)
    return event.occurred_at


def put(model: type[Any], rows: Collection[Model]) -> None:
    """Write these rows, each in the place of the one with its key. Within the search path that the projection was given."""
    meta = model._meta  # noqa: SLF001  (Django's public API, by its documentation)
    key = [field.name for field in meta.pk_fields]
    others = [f.name for f in meta.local_concrete_fields if f.name not in key]
    model.objects.bulk_create(
        rows,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=key,
        update_fields=others,
    )


def distinct(texts: Iterable[str]) -> list[str]:
    """Each once, in their order."""
    return [*dict.fromkeys(texts)]

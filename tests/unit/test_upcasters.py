"""Upcasters: an event of any schema that was ever written is read as today's class, or nobody starts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.errors import UnreadableEvent
from eventstore.events import EventMetadata, Position, RecordedEvent
from eventstore.registry import Event, Registry

if TYPE_CHECKING:
    from collections.abc import Callable


class Weighed(Event, frozen=True, kw_only=True):
    """Schema 1 had `pounds`, schema 2 `grams`, schema 3 also says who weighed it."""

    grams: int
    by: str


def to_grams(fields: dict[str, Any]) -> dict[str, Any]:
    fields["grams"] = fields.pop("pounds") * 454
    return fields


def with_weigher(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"by": "unknown"}


def scales(*steps: int) -> Registry:
    registry = Registry()
    registry.stream_type("parcel", number=1)
    registry.event_type(Weighed, stream_type="parcel", subject=None, schema=3)
    for step in steps:
        registry.upcaster(
            "Weighed", from_schema=step, upcast=to_grams if step == 1 else with_weigher
        )
    return registry


def written(schema: int, data: dict[str, Any], **changes: Any) -> RecordedEvent:
    metadata = EventMetadata(
        UUID(int=1),
        "parcel.1",
        changes.pop("type", "Weighed"),
        7,
        datetime(2026, 1, 1, tzinfo=UTC),
        None,
        None,
    )
    return RecordedEvent(
        metadata,
        data,
        schema,
        Position("eventstore.parcel", 0, 4711),
        datetime(2026, 1, 1, tzinfo=UTC),
        UUID(int=2),
        **changes,
    )


@pytest.mark.parametrize(
    ("schema", "data", "read"),
    [
        (1, {"pounds": 2}, Weighed(grams=908, by="unknown")),
        (2, {"grams": 5}, Weighed(grams=5, by="unknown")),
        (3, {"grams": 5, "by": "me"}, Weighed(grams=5, by="me")),
    ],
)
def test_every_schema_that_was_written_is_read_as_the_class_of_today(
    schema: int, data: dict[str, Any], read: Weighed
) -> None:
    event, before = written(schema, data), dict(data)

    assert scales(1, 2).event_of(event) == read
    assert event.data == before  # the log is never rewritten, not even in memory


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ((1, 2), None),
        ((2,), "Weighed has no upcaster from schema 1 to 2"),
        ((1,), "Weighed has no upcaster from schema 2 to 3"),
        ((1, 2, 2), "Weighed has two upcasters from schema 2"),
        (
            (1, 2, 3),
            "Weighed has an upcaster from schema 3, but is written in schema 3",
        ),
        ((0, 1, 2), "Weighed has an upcaster from schema 0; the first is 1"),
    ],
)
def test_what_is_wrong_with_the_steps_is_told(
    steps: tuple[int, ...], problem: str | None
) -> None:
    assert scales(*steps).problems == ([problem] if problem else [])


def test_a_step_of_no_type_is_told() -> None:
    registry = scales(1, 2)
    registry.upcaster("Wayed", from_schema=1, upcast=to_grams)

    assert registry.problems == ["an upcaster is for Wayed, which is no event type"]


@pytest.mark.parametrize("schema", [1, 4])
def test_a_schema_that_no_steps_lead_from_is_a_problem_of_the_event(
    schema: int,
) -> None:
    class Written:
        type, data, sealed = "Weighed", {"pounds": 1}, None

    Written.schema = schema  # type: ignore[attr-defined]

    assert scales(2).problem_of("parcel", Written) == "unknown_schema"  # type: ignore[arg-type]


def test_fields_that_do_not_fit_behind_the_last_step_are_a_problem() -> None:
    class Written:
        type, schema, data, sealed = "Weighed", 1, {"pounds": "2"}, None

    assert scales(1, 2).problem_of("parcel", Written) == "ill_typed"


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (written(3, {}, type="Vanished", problem="unknown_type"), "unknown_type"),
        (written(9, {}, problem="unknown_schema"), "unknown_schema"),
    ],
)
def test_an_event_that_cannot_be_read_says_which_it_is_and_quotes_nothing(
    event: RecordedEvent, problem: str
) -> None:
    with pytest.raises(UnreadableEvent) as refused:
        scales(1, 2).event_of(event)

    error = refused.value
    assert (error.stream_id, error.version, error.problem) == ("parcel.1", 7, problem)
    assert error.position == "eventstore.parcel/0/4711/0"
    assert event.metadata.event_type in str(error)


def test_a_changed_step_changes_the_digest_and_another_types_does_not() -> None:
    def otherwise(upcast: Callable[..., Any]) -> str:
        registry = scales(2)
        registry.upcaster("Weighed", from_schema=1, upcast=upcast)
        return registry.upcaster_digest("parcel")

    foreign = scales(1, 2)
    foreign.upcaster("Elsewhere", from_schema=1, upcast=to_grams)

    assert otherwise(to_grams) == scales(1, 2).upcaster_digest("parcel")
    assert otherwise(with_weigher) != scales(1, 2).upcaster_digest("parcel")
    assert foreign.upcaster_digest("parcel") == scales(1, 2).upcaster_digest("parcel")


def test_a_step_that_changes_what_lies_deeper_changes_nobody_elses() -> None:
    def empties(fields: dict[str, Any]) -> dict[str, Any]:
        fields["weights"].clear()
        return {"grams": 5}

    registry = scales(2)
    registry.upcaster("Weighed", from_schema=1, upcast=empties)
    event = written(1, {"weights": [1, 2]})

    registry.event_of(event)

    assert event.data == {"weights": [1, 2]}


@pytest.mark.parametrize("given", [{}, {"pounds": None}])
def test_a_step_that_raises_is_a_problem_of_the_event(given: dict[str, Any]) -> None:
    """Else whoever follows the log would stop at it for ever instead of putting its stream aside."""
    with pytest.raises(UnreadableEvent) as refused:
        scales(1, 2).event_of(written(1, given))

    assert refused.value.problem == "ill_typed"


def test_a_step_that_gives_no_fields_is_a_problem_of_the_event() -> None:
    registry = scales(2)
    registry.upcaster("Weighed", from_schema=1, upcast=lambda _: None)  # type: ignore[arg-type, return-value]

    with pytest.raises(UnreadableEvent) as refused:
        registry.event_of(written(1, {"pounds": 1}))

    assert refused.value.problem == "ill_typed"

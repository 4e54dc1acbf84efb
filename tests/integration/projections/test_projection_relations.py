"""What the models of a projection have between them is built, compared and switched with them, by what rows are known by."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.contrib.auth.models import Group
from django.db import connection, models

from eventstore.clock import SystemClock
from eventstore.errors import ProjectionNotReady, ProjectionsDiffer
from eventstore.projections import Projection
from eventstore.projections.building import make_building
from eventstore.projections.comparing import compare
from eventstore.projections.schemas import drop_tables
from eventstore.projections.switching import Switching
from tests.integration.projections.test_projections import (
    BY_ANN,
    follow_what_is_read,
    only,
)
from tests.support.following import Orders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_django.fixtures import Settings

    from eventstore.bus import Published
    from eventstore.projections.comparing import TableDifference
    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")


class Label(models.Model):
    """Known by its name."""

    name = models.TextField(unique=True)
    objects: ClassVar[models.Manager[Label]] = models.Manager()

    class Meta:
        app_label = "tests"

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """Known by nothing but its number."""

    text = models.TextField()
    objects: ClassVar[models.Manager[Note]] = models.Manager()

    class Meta:
        app_label = "tests"

    def __str__(self) -> str:
        return self.text


class Labelled(models.Model):
    """Leads to both, and to labels by a table of Django's."""

    stream_id = models.TextField(unique=True)
    first = models.ForeignKey(Label, models.CASCADE, related_name="+")
    note = models.ForeignKey(Note, models.CASCADE, null=True, related_name="+")
    labels = models.ManyToManyField(Label)
    objects: ClassVar[models.Manager[Labelled]] = models.Manager()

    class Meta:
        app_label = "tests"

    def __str__(self) -> str:
        return self.stream_id


LINKS = Labelled.labels.through


class Labels(Projection):
    """Three labels an order, numbered from 1."""

    name = "totals"
    models = (Label, Note, Labelled)
    order: ClassVar[Sequence[str]] = ("a", "b", "c")
    linked: ClassVar[Sequence[str]] = ("a", "b")
    first: ClassVar[str] = "a"
    noted: ClassVar[bool] = False

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        made = {n: Label.objects.get_or_create(name=n)[0] for n in self.order}
        for event in events:
            note = Note.objects.create(text="hi") if self.noted else None
            one, _ = Labelled.objects.get_or_create(
                stream_id=event.stream_id,
                defaults={"first": made[self.first], "note": note},
            )
            # by the table itself: these models' app is not installed, so Django knows no way back from a label
            LINKS._default_manager.bulk_create(
                LINKS(labelled_id=one.pk, label_id=made[name].pk)
                for name in self.linked
            )


class Renumbered(Labels):
    """The same rows under other numbers."""

    version = 2
    order = ("c", "b", "a")


class Unlinked(Labels):
    """Forgets all relations."""

    version = 3
    linked = ()


class LinkedOtherwise(Labels):
    """As many, to others."""

    version = 4
    order = ("c", "b", "a")
    linked = ("b", "c")


class OtherFirst(Labels):
    """Its foreign key leads to the row that has the number of another."""

    version = 5
    order = ("c", "b", "a")
    first = "c"


class Noted(Labels):
    """Leads to rows that nothing is known of but their number."""

    version = 6
    noted = True


PATHS = [
    f"{__name__}.{cls.__name__}"
    for cls in (Labels, Renumbered, Unlinked, LinkedOtherwise, OtherFirst, Noted)
]


@contextmanager
def tables() -> Iterator[None]:
    made = (Label, Note, Labelled)
    with connection.schema_editor() as editor:
        for model in made:
            editor.create_model(model)
    try:
        yield
    finally:
        for version in range(1, 7):
            drop_tables("totals", version)
        with connection.schema_editor() as editor:
            for model in reversed(made):
                editor.delete_model(model)


@pytest.fixture(autouse=True)
def orders(embedded_store: EventStore, settings: Settings) -> Iterator[Orders]:
    only(settings, PATHS[0])
    made = Orders(embedded_store)
    with tables():
        for n in range(4):
            made.place(f"o{n}")
        follow_what_is_read()
        only(settings, *PATHS)
        yield made


def compared(version: int) -> dict[str, TableDifference]:
    """By the model's name."""
    building = make_building("totals", version, SystemClock())
    return {one.table.removeprefix("tests_"): one for one in compare(building)}


def different(version: int) -> set[str]:
    return {name for name, one in compared(version).items() if not one.is_same}


def links() -> int:
    return LINKS._default_manager.count()


def test_rows_under_other_numbers_are_the_same() -> None:
    assert different(2) == set()


def test_relations_that_are_lost_are_told_and_not_switched_to() -> None:
    lost = compared(3)["labelled_labels"]
    assert (lost.old_rows, lost.new_rows, lost.is_same) == (8, 0, False)

    with pytest.raises(ProjectionsDiffer):
        switch(3)
    assert links() == 8


def test_as_many_relations_to_other_rows_are_told() -> None:
    assert different(4) == {"labelled_labels"}
    other = compared(4)["labelled_labels"]
    assert (other.missing, other.changed) == (4, 0)


def test_a_foreign_key_is_compared_by_the_row_that_it_leads_to() -> None:
    assert different(5) == {"labelled"}
    other = compared(5)["labelled"]
    assert (other.missing, other.changed, other.unknown) == (0, 4, [])


def test_what_leads_to_rows_that_nothing_is_known_of_is_not_called_the_same() -> None:
    noted = compared(6)["labelled"]

    assert (noted.is_same, noted.unknown) == (False, ["note_id"])


def test_relations_are_switched_with_the_rows() -> None:
    switch(4, accept=True)

    assert links() == 8
    names = set(LINKS._default_manager.values_list("label__name", flat=True))
    assert names == {"b", "c"}
    switch(2, accept=True)
    assert links() == 8


def test_a_build_without_a_table_of_djangos_does_not_write_to_the_one_that_is_read() -> (
    None
):
    building = make_building("totals", 3, SystemClock())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE projection_totals_v3.tests_labelled_labels")

    with pytest.raises(ProjectionNotReady, match="tests_labelled_labels"):
        building.run()
    assert links() == 8


def switch(version: int, *, accept: bool = False) -> None:
    building = make_building("totals", version, SystemClock())
    Switching(SystemClock(), lambda _: None).switch(
        building, BY_ANN, accept_differences=accept
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"one": models.ForeignKey(Group, models.CASCADE, related_name="+")},
        {"one": models.OneToOneField(Group, models.CASCADE, related_name="+")},
        {"one": models.ManyToManyField(Group, related_name="+")},
        {"base": Label},
    ],
    ids=["foreign key", "one to one", "many to many", "parent"],
)
def test_what_leads_elsewhere_is_refused(
    request: pytest.FixtureRequest, fields: dict[str, Any]
) -> None:
    meta = type("Meta", (), {"app_label": "tests"})
    base = fields.pop("base", models.Model)
    given = {"__module__": __name__, "Meta": meta, **fields}
    model = type(f"Made{request.node.callspec.indices['fields']}", (base,), given)
    made: Any = type("Made", (Labels,), {"models": (model,)})
    [problem] = made.problems()

    assert "which is none of its models" in problem

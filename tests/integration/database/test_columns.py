"""The columns that statements list are those of the tables, in their order and of their types."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import connection

from eventstore.events import StreamInfo
from eventstore.indexer.columns import (
    ACCEPTED_RECORD,
    BYTES,
    EVENT,
    HEAD,
    RECORD,
    listed,
)
from eventstore.queries.browse import EventRow

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLES = [("Record", RECORD), ("Event", EVENT)]
# as information_schema calls what COPY is told
TYPES = """
SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position
"""


@pytest.mark.parametrize(("model", "named"), TABLES)
def test_the_models_have_the_same_columns_in_the_same_order(
    model: str, named: Mapping[str, str]
) -> None:
    fields = apps.get_model("eventstore", model)._meta.local_concrete_fields

    assert [field.column for field in fields] == list(named)


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "named"), TABLES)
def test_the_tables_have_the_same_types(model: str, named: Mapping[str, str]) -> None:
    table = apps.get_model("eventstore", model)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(TYPES, [table])
        there = dict(cursor.fetchall())

    assert there == dict(named)


def test_rows_of_reads_are_made_of_the_columns_in_their_order() -> None:
    assert [f.name for f in dataclasses.fields(EventRow)] == list(EVENT)
    assert [f.name for f in dataclasses.fields(StreamInfo)] == list(HEAD)
    assert {*ACCEPTED_RECORD, *BYTES} < RECORD.keys()


def test_a_statement_may_call_the_table_something() -> None:
    assert listed(["key", "value"]) == "key, value"
    assert listed(["key", "value"], of="r") == "r.key, r.value"

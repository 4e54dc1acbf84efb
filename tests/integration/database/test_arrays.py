"""A column as a binary array means to PostgreSQL what its values mean to Python."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.database import connect
from eventstore.database.arrays import array
from tests.strategies import GATE

if TYPE_CHECKING:
    import psycopg

pytestmark = pytest.mark.django_db

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int2": st.integers(-(2**15), 2**15 - 1),
    "int4": st.integers(-(2**31), 2**31 - 1),
    "int8": st.integers(-(2**63), 2**63 - 1),
    "text": st.text(st.characters(exclude_characters="\0", codec="utf-8")),
    "bytea": st.binary(),
    "uuid": st.uuids(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
}


@pytest.fixture(scope="module")
def connection(django_db_setup: None) -> Any:
    with connect() as made:
        yield made


@pytest.mark.parametrize("type_", VALUES)
def test_an_array_is_read_as_it_was_made(
    type_: str, connection: psycopg.Connection[Any]
) -> None:
    @GATE
    @given(st.lists(st.none() | VALUES[type_], max_size=4))
    def round_trip(values: list[Any]) -> None:
        sent = connection.execute(f"SELECT %b::{type_}[]", [array(type_, values)])
        assert sent.fetchone() == (values,)

    round_trip()


def test_a_value_of_another_type_is_not_sent() -> None:
    with pytest.raises(AttributeError):
        array("uuid", [str(UUID(int=1))])


def test_an_instant_without_a_zone_is_not_sent() -> None:
    with pytest.raises(TypeError):
        array("timestamptz", [datetime(2026, 1, 1)])  # noqa: DTZ001

"""Where the database that has the log's word about keys is away, who asks for a key hears that keys are not to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection

from eventstore.errors import KeyStoreUnavailable
from eventstore.privacy.configured import replaying
from eventstore.privacy.log_lineage import LogLineage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

QUESTIONS: dict[str, Callable[[LogLineage], Any]] = {
    "commitments": lambda lineage: lineage.commitments([uuid4()]),
    "past": lambda lineage: lineage.past("child-1"),
}


@pytest.fixture
def away() -> Iterator[None]:
    """Django's connection leads to a database that is not there."""
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "no_such_database"
    yield
    connection.close()
    connection.settings_dict["NAME"] = name


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("question", QUESTIONS)
def test_who_asks_for_a_key_hears_that_keys_are_not_to_be_had(question: str) -> None:
    lineage = LogLineage(replaying)

    with pytest.raises(KeyStoreUnavailable, match="word about keys") as refused:
        QUESTIONS[question](lineage)

    assert "no_such_database" not in str(refused.value)

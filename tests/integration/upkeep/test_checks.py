"""The system check that asks log and database: the topics are there, sound, and those of the creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from eventstore.checks import system as checks
from tests.support.recorders import RECORDED

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.support.worlds import World


def test_topics_as_they_were_created_are_passed_in_silence(world: World) -> None:
    del world

    assert checks.check_log(databases=["default"]) == []


def test_the_server_is_asked_for_what_is_judged(db: None) -> None:
    ids = {message.id for message in checks.check_database(databases=["default"])}

    assert ids <= {"eventstore.W002"}  # a server for tests may forget


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM eventstore_logtopic", "it does not exist"),
        (
            "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid()",
            "created again",
        ),
        ("UPDATE eventstore_logtopic SET partitions = 4", "it has 4 partitions"),
        ("DELETE FROM eventstore_partition", "no rows for it"),
    ],
)
def test_topics_that_are_not_as_they_must_be_are_found(
    world: World, change: str, told: str
) -> None:
    world.query(f"{change} RETURNING 1")

    (message,) = checks.check_log(databases=["default"])

    assert (message.id, message.is_serious()) == ("eventstore.E010", True)
    assert told in str(message.msg)
    assert message.hint


def test_a_database_that_does_not_answer_is_found(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    del world
    with monkeypatch.context() as elsewhere:
        for name, value in (("HOST", "127.0.0.1"), ("PORT", "1")):
            elsewhere.setitem(settings.DATABASES["default"], name, value)

        (message,) = checks.check_log(databases=["default"])

    assert (message.id, message.is_serious()) == ("eventstore.E010", True)
    assert message.hint


def test_it_is_asked_only_when_it_is_asked_for(
    world: World, settings: Settings
) -> None:
    settings.EVENTSTORE |= RECORDED
    world.query("DELETE FROM eventstore_logtopic RETURNING 1")

    call_command("check", databases=["default"])
    with pytest.raises(SystemCheckError, match=r"eventstore\.E010"):
        call_command("check", deploy=True, databases=["default"])

"""The five examples, as users run them, on either log."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from eventstore.errors import KeyStoreUnavailable
from eventstore.opening import key_ring
from eventstore.store import _the_store
from teddy_es.management.commands.run_examples import EXAMPLES
from tests.acceptance.launched import becomes_true

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def on_a_log(
    request: pytest.FixtureRequest, transactional_db: None, settings: Settings
) -> None:
    changes = {"LOG": request.param}
    if request.param == "kafka":
        changes["KAFKA_BOOTSTRAP"] = [request.getfixturevalue("kafka_bootstrap")]
    settings.EVENTSTORE = {**settings.EVENTSTORE, **changes}
    _the_store.cache_clear()
    call_command("create_topics", stdout=StringIO())
    assert becomes_true(keys_are_to_be_had)


def keys_are_to_be_had() -> bool:
    """A broker's log is older than the test's databases: it is folded, and what it says of keys carried out, before anything is sealed."""
    try:
        key_ring().opening([uuid4()])
    except KeyStoreUnavailable:
        return False
    return True


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("run_examples", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("on_a_log")
def test_the_examples_tell_what_they_do() -> None:
    told = json.loads(said("--json"))

    assert tuple(told) == EXAMPLES
    lines = "\n".join(line for of_one in told.values() for line in of_one)
    for expected in (
        "accepted as version 1, at eventstore.child/",
        "not found (stream-not-found)",
        "the second window was too late: Stream parent.",
        "at version 3 the parent allowed conversation, voice_recording",
        "at version 4 the parent allowed conversation",
        "not yet: A violation is acknowledged before it is resolved.",
        "6. SafetyViolationResolved (same story)",
        "resolved: True",
        "version 15: snapshot 10 and 5 events, 14 utterances",
        "30 turns make 62 events",
        "62 events in 32 commits",
        "utterances=60",
        "a safety filter judges 60 messages",
        "asked again it finds 0 to judge",
    ):
        assert expected in lines
    assert "another story" not in lines


@pytest.mark.usefixtures("on_a_log")
@pytest.mark.parametrize("number", range(1, 6))
def test_each_can_be_run_alone_and_again(number: int) -> None:
    first, second = said(str(number)), said(str(number))

    assert first.startswith(f"{number}. ")
    assert first.count("\n") == second.count("\n")


def test_there_is_no_sixth() -> None:
    with pytest.raises(CommandError, match="examples 1 to 5"):
        said("6")

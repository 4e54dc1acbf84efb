"""System checks that ask nobody: each dangerous setting has its id, and good ones are passed in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from eventstore.checks import system as checks
from eventstore.projections import Projection
from eventstore.registry import Event, Registry
from eventstore.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from eventstore.bus import Published


class Weighed(Event, frozen=True, kw_only=True):
    """Of schema 3."""

    grams: int


class Sent(Event, frozen=True, kw_only=True):
    """Is registered without a name."""


def scales(*steps: int, of: str = "Weighed") -> Registry:
    """A domain whose upcasters begin at these schemas."""
    made = Registry()
    made.stream_type("parcel", number=1)
    made.event_type(
        Weighed, stream_type="parcel", subject=None, name="Weighed", schema=3
    )
    for step in steps:
        made.upcaster(of, from_schema=step, upcast=dict)
    return made


def nameless() -> Registry:
    """One type says what stands in the log, the other leaves it to its class."""
    made = scales(1, 2)
    made.event_type(Sent, stream_type="parcel", subject=None)
    return made


# named by EVENTSTORE["REGISTRY"]
NAMELESS = nameless()
WITHOUT_A_GAP = scales(1, 2)
WITH_A_GAP = scales(2)
WITH_TWO_FROM_ONE = scales(1, 2, 2)
BEYOND_TODAY = scales(1, 2, 3)
OF_NO_TYPE = scales(1, 2, of="Wayed")


def found(settings: Settings, **changes: Any) -> list[str | None]:
    """The ids that the checks find with these settings changed."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, **changes}
    return [message.id for message in checks.check_settings()]


@pytest.mark.parametrize(
    ("changes", "id_"),
    [
        ({"REGISTRY": ""}, "eventstore.E001"),
        ({"REGISTRY": "nowhere.at.all"}, "eventstore.E001"),
        ({"REGISTRY": "tests.shops.cache"}, "eventstore.E001"),
        ({"PARTITION": 6}, "eventstore.E001"),
        ({"LOG": "papyrus"}, "eventstore.E002"),
        ({"PARTITIONS": 0}, "eventstore.E003"),
        ({"PARTITIONS": 513}, "eventstore.E003"),
        ({"APPEND_TIMEOUT": 0}, "eventstore.E004"),
        ({"APPEND_TIMEOUT": -1.5}, "eventstore.E004"),
        ({"APPEND_QUEUE": 0}, "eventstore.E004"),
        ({"PUBLISH_FROM": "yesterday"}, "eventstore.E008"),
    ],
)
def test_a_setting_that_cannot_work_is_found(
    settings: Settings, changes: dict[str, Any], id_: str
) -> None:
    assert found(settings, **changes) == [id_]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"LOG": "kafka"},
        {"PARTITIONS": 1},
        {"PARTITIONS": 512},
        {"APPEND_TIMEOUT": 0.1, "APPEND_QUEUE": 1},
    ],
)
def test_a_setting_that_works_is_passed_in_silence(
    settings: Settings, changes: dict[str, Any]
) -> None:
    assert found(settings, **changes) == []


def _ignore(event: object) -> None:
    """A handler."""


# named by EVENTSTORE["SUBSCRIPTIONS"]
FINE = Subscription(name="fine", handler=_ignore)
SAME_NAME = Subscription(name="fine", handler=_ignore)
OF_STRANGERS = Subscription(name="strange", handler=_ignore, types=[Weighed])
OF_NO_STREAMS = Subscription(name="lost", handler=_ignore, streams=["parcel"])


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["FINE"], []),
        (["FINE", "FINE"], []),
        (["FINE", "SAME_NAME"], ["Two subscriptions are named fine"]),
        (["NOWHERE"], ["NOWHERE"]),
        (["SOUND"], ["which is no Subscription"]),
        (["OF_STRANGERS"], ["Weighed is not a registered event"]),
        (
            ["OF_STRANGERS", "OF_NO_STREAMS"],
            ["Weighed is not a registered event", "parcel is none of"],
        ),
    ],
)
def test_subscriptions_that_cannot_be_followed_are_found(
    settings: Settings, names: list[str], told: list[str]
) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "SUBSCRIPTIONS": [f"{__name__}.{name}" for name in names],
    }

    messages = checks.check_settings()

    assert [message.id for message in messages] == ["eventstore.E009"] * len(told)
    for message, text in zip(messages, told, strict=True):
        assert text in str(message.msg)
        assert message.hint


def test_several_wrong_settings_are_all_found(settings: Settings) -> None:
    ids = found(settings, LOG="papyrus", PARTITIONS=0, APPEND_QUEUE=-1)

    assert ids == ["eventstore.E002", "eventstore.E003", "eventstore.E004"]


def test_a_finding_names_what_is_wrong(settings: Settings) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PARTITIONS": 513}

    (message,) = checks.check_settings()

    assert "TEDDY_PARTITIONS is 513" in str(message.msg)


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        ("WITH_A_GAP", ["Weighed has no upcaster from schema 1 to 2"]),
        ("WITH_TWO_FROM_ONE", ["Weighed has two upcasters from schema 2"]),
        # a step goes one schema up, so what would be a cycle is one that leads beyond today's
        (
            "BEYOND_TODAY",
            ["Weighed has an upcaster from schema 3, but is written in schema 3"],
        ),
        (
            "OF_NO_TYPE",
            [
                *["an upcaster is for Wayed, which is no event type"] * 2,
                "Weighed has no upcaster from schema 1 to 2",
                "Weighed has no upcaster from schema 2 to 3",
            ],
        ),
        ("WITHOUT_A_GAP", []),
    ],
)
def test_upcasters_that_do_not_lead_to_today_are_found_at_the_start(
    settings: Settings, domain: str, told: list[str]
) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "REGISTRY": f"{__name__}.{domain}",
        "AGGREGATES": [],
        "SUBSCRIPTIONS": [],  # the project's are of its own types
        "PROJECTIONS": [],
    }

    messages = checks.check_settings()

    assert [message.msg for message in messages] == [f"Upcasters: {t}." for t in told]
    assert {message.id for message in messages} <= {"eventstore.E005"}
    assert all(message.is_serious() and message.hint for message in messages)


def test_manage_refuses_to_start_with_a_gap(settings: Settings) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "REGISTRY": f"{__name__}.WITH_A_GAP",
        "AGGREGATES": [],
        "SUBSCRIPTIONS": [],  # the project's are of its own types
        "PROJECTIONS": [],
    }

    with pytest.raises(SystemCheckError, match=r"eventstore\.E005"):
        call_command("check")


SOUND = {
    "server_version_num": "180004",
    "server_encoding": "UTF8",
    "fsync": "on",
    "full_page_writes": "on",
}


@pytest.mark.parametrize(
    ("changes", "id_"),
    [
        ({"server_version_num": "160010"}, "eventstore.E011"),
        ({"server_encoding": "SQL_ASCII"}, "eventstore.E012"),
        ({"fsync": "off"}, "eventstore.W002"),
        ({"full_page_writes": "off"}, "eventstore.W002"),
    ],
)
def test_a_server_that_cannot_keep_a_store_is_found(
    changes: dict[str, str], id_: str
) -> None:
    (message,) = checks.wrong_with_server(SOUND | changes)

    assert message.id == id_
    assert message.is_serious() == (".E" in id_)
    assert message.hint


def test_a_sound_server_is_passed_in_silence() -> None:
    assert checks.wrong_with_server(SOUND) == []


class Nameless(Projection):
    """Declared wrongly."""

    name = "Not A Name"
    models = (Session,)

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""


class Strange(Nameless):
    """Wants what the registry does not know."""

    name = "strange"
    types = (Weighed,)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["Nameless"], "its name is a-z"),
        (["Strange"], "Weighed is not a registered event"),
        (["Strange", "Strange"], "Two projections are version 1 of strange"),
        (["FINE"], "which is no Projection"),
    ],
)
def test_projections_that_cannot_be_built_are_found(
    settings: Settings, names: list[str], told: str
) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "PROJECTIONS": [f"{__name__}.{name}" for name in names],
    }

    [message] = checks.check_settings()

    assert message.id == "eventstore.E009"
    assert told in str(message.msg)


@pytest.mark.parametrize(
    "without", [{"SECRET_KEY": ""}, {"SECRET_KEY_FALLBACKS": ["old", ""]}], ids=str
)
def test_a_secret_that_is_empty_is_refused(
    settings: Settings, without: dict[str, Any]
) -> None:
    for name, value in without.items():
        setattr(settings, name, value)

    ids = [message.id for message in checks.check_settings()]

    assert ids == ["eventstore.E001"]


def test_a_type_without_a_name_is_warned_of(settings: Settings) -> None:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "REGISTRY": "tests.unit.test_checks.NAMELESS",
        "AGGREGATES": [],
        "SUBSCRIPTIONS": [],  # the project's are of its own types
        "PROJECTIONS": [],
    }

    [warning] = checks.check_settings()

    assert (warning.id, warning.is_serious()) == ("eventstore.W003", False)
    assert "without a name: Sent." in warning.msg
    assert "name='Sent'" in str(warning.hint)


def test_a_file_that_the_connection_to_kafka_needs_is_looked_for(
    settings: Settings, tmp_path: Path
) -> None:
    here = tmp_path / "authority.pem"
    here.write_text("-")
    gone = str(tmp_path / "gone.pem")
    named = {"ssl_cafile": str(here), "ssl_certfile": gone, "ssl_keyfile": ""}

    ids = found(settings, LOG="kafka", KAFKA_SECURITY=named)
    [message] = [m for m in checks.check_settings() if m.id == "eventstore.E041"]

    assert ids == ["eventstore.E041"]
    assert f"ssl_certfile of KAFKA_SECURITY names {gone}" in message.msg
    assert "FileNotFoundError" in message.msg
    assert found(settings, LOG="embedded", KAFKA_SECURITY=named) == []

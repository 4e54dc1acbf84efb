"""Which log there is, is said by one setting: a name of ours or a factory's path; what leads to no log is refused at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventstore import checks
from eventstore.database import connect
from eventstore.log.configured import has_feeds, open_log
from eventstore.log.embedded import EmbeddedLog
from eventstore.publishing.topics import is_published
from eventstore.store import make_event_store
from tests.third_log import ThirdLog

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from eventstore.database import Connect

SECRET = "postgresql://ann:secret@host/log"  # noqa: S105


def wants_two(_connect: Connect, _more: str) -> ThirdLog:
    raise AssertionError


def gives_none(_connect: Connect) -> None:
    """Forgets to return it."""


def breaks(_connect: Connect) -> ThirdLog:
    raise RuntimeError(SECRET)


def refuses(_connect: Connect) -> ThirdLog:
    msg = "SHOP_LOG must name a folder."
    raise ImproperlyConfigured(msg)


no_factory = 7

WRONG = {
    "papyrus": "EVENTSTORE['LOG'] is papyrus; there are embedded, kafka, and any log whose factory",
    "nowhere.at.all": "names nowhere.at.all, which cannot be imported: No module named 'nowhere'",
    f"{__name__}.nothing": "which cannot be imported",
    f"{__name__}.no_factory": "which is no factory: it is called with one argument",
    f"{__name__}.wants_two": "which is no factory: it is called with one argument",
    f"{__name__}.gives_none": "which gives a NoneType and no log: it lacks append, read, extents, topics, create, close",
    f"{__name__}.breaks": "which raised RuntimeError instead of opening a log",
    f"{__name__}.refuses": "SHOP_LOG must name a folder.",
}
UNRESOLVED = [*WRONG][:5]


def with_log(settings: Settings, name: str) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": name}


@pytest.mark.parametrize("name", WRONG)
def test_what_leads_to_no_log_is_found_at_start_in_one_line(
    settings: Settings, name: str
) -> None:
    with_log(settings, name)

    (message,) = checks.check_settings()

    assert message.id == "eventstore.E002"
    assert WRONG[name] in str(message.msg)
    assert "\n" not in str(message.msg)
    assert SECRET not in str(message.msg)
    assert "Write a log adapter" in str(message.hint)


@pytest.mark.parametrize("name", UNRESOLVED)
def test_no_store_is_made_on_it(settings: Settings, name: str) -> None:
    with_log(settings, name)

    with pytest.raises(ImproperlyConfigured, match="LOG"):
        make_event_store()


@pytest.mark.parametrize(
    ("name", "kind", "publishes"),
    [
        ("embedded", EmbeddedLog, False),
        ("tests.third_log.open_third", ThirdLog, False),
        ("tests.third_log.open_with_feeds", ThirdLog, True),
        ("eventstore.log.embedded.EmbeddedLog", EmbeddedLog, False),
    ],
)
def test_the_setting_says_which_log_is_opened_and_whether_events_are_published(
    settings: Settings, name: str, kind: type[Any], publishes: object
) -> None:
    with_log(settings, name)

    assert checks.check_settings() == []
    assert isinstance(open_log(connect), kind)
    assert open_log(connect) is not open_log(connect)
    assert has_feeds() is is_published() is publishes


def test_a_log_on_kafka_has_feeds(settings: Settings) -> None:
    with_log(settings, "kafka")

    assert has_feeds()

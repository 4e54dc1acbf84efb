"""System checks of the HTTP API that ask nobody, and the rates that they look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.api.checks import check_api
from eventstore.api.throttles import SCOPES, rate

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


def told(settings: Settings, **changed: Any) -> list[str]:
    settings.EVENTSTORE = {**settings.EVENTSTORE, **changed}
    messages = check_api()
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


def test_the_project_as_it_is_passes_in_silence(settings: Settings) -> None:
    assert told(settings) == []


def test_an_interface_that_nobody_records_is_found(settings: Settings) -> None:
    assert told(settings, ACCESS_RECORDER="") == ["eventstore.E080"]


@pytest.mark.parametrize("name", ["ACCESS_RECORDER", "REACH", "FAILED_TOKENS"])
def test_a_path_that_leads_nowhere_is_found(settings: Settings, name: str) -> None:
    assert told(settings, **{name: "nowhere.Nobody"}) == ["eventstore.E081"]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("text", [None, "", "many", "0/min", "6000", "6/week"])
def test_a_rate_that_is_none_is_found(
    settings: Settings, scope: str, text: str | None
) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], scope: text}
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": rates,
    }

    assert told(settings) == ["eventstore.E082"]


def test_tokens_that_never_end_are_found(settings: Settings) -> None:
    settings.REST_KNOX = {**settings.REST_KNOX, "AUTO_REFRESH": True}

    assert told(settings) == ["eventstore.E083"]


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("1/s", (1, 1)),
        ("2/sec", (2, 1)),
        ("6000/min", (6_000, 60)),
        ("3/m", (3, 60)),
        ("60/hour", (60, 3_600)),
        ("4/h", (4, 3_600)),
        ("999999999/day", (999_999_999, 86_400)),
        ("1/d", (1, 86_400)),
    ],
)
def test_a_rate_is_so_many_in_so_many_seconds(text: str, is_: tuple[int, int]) -> None:
    assert rate(text) == is_


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/min",
        "1/",
        "-1/min",
        "1.5/min",
        " 1/min",
        "1/min\n",
        "1/mins",
        "\u0661/min",
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="6000/min"):
        rate(text)

"""Who asks is what a trusted proxy says, and nothing that a client can write itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.http import HttpRequest, HttpResponse

from teddy_es.proxies import TrustedProxies, client_address

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

PROXY, OUTER, CLIENT = "10.1.0.2", "10.1.0.3", "203.0.113.7"


def seen(peer: str, **said: str) -> HttpRequest:
    """The request as the pages see it."""
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": peer, **said}
    TrustedProxies(lambda _: HttpResponse())(request)
    return request


@pytest.fixture(autouse=True)
def trusted(settings: Settings) -> None:
    settings.TEDDY_TRUSTED_PROXIES = ["10.1.0.0/24"]


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{CLIENT}, {OUTER}", CLIENT),
        (PROXY, f"198.51.100.1, {CLIENT}", CLIENT),  # the left one the client wrote
        (PROXY, f"{PROXY}, {CLIENT}", CLIENT),
        (PROXY, f"{CLIENT}, not an address", PROXY),
        (PROXY, "", PROXY),
        (PROXY, f"{OUTER}", OUTER),
        (CLIENT, "198.51.100.1", CLIENT),
        (f"::ffff:{PROXY}", CLIENT, CLIENT),
        ("::1", CLIENT, "::1"),
        ("", CLIENT, None),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, said: str, client: str | None
) -> None:
    assert client_address(seen(peer, HTTP_X_FORWARDED_FOR=said)) == client


def test_a_stranger_does_not_say_that_it_came_by_https() -> None:
    said = {"HTTP_X_FORWARDED_PROTO": "https"}

    assert "HTTP_X_FORWARDED_PROTO" not in seen(CLIENT, **said).META
    assert seen(PROXY, **said).META["HTTP_X_FORWARDED_PROTO"] == "https"


def test_without_the_setting_nobody_is_believed(settings: Settings) -> None:
    settings.TEDDY_TRUSTED_PROXIES = []

    found = seen(PROXY, HTTP_X_FORWARDED_FOR=CLIENT)

    assert client_address(found) == PROXY

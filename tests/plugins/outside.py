"""An installation as a stranger meets it: an address, and a token that may all. And how many cases are tried on it.

`--api-cases N`: how many schemathesis makes of the schema by chance; `--api-seed S`: of which seed; `--api-phases P`: in which of its
phases. The coverage of every border of the schema is a phase of its own, which takes minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from eventstore.api import accounts
from eventstore.api.scopes import Scope

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings
    from pytest_django.live_server_helper import LiveServer

    from eventstore.store import EventStore

CASES = 400  # in the gate
SEED = 1
PHASES = "examples,fuzzing"


def pytest_addoption(parser: pytest.Parser) -> None:
    """See the module."""
    group = parser.getgroup("api")
    group.addoption("--api-cases", type=int, default=CASES, help="of schemathesis")
    group.addoption("--api-phases", default=PHASES, help="of schemathesis")
    group.addoption("--api-seed", type=int, default=SEED, help="of schemathesis")


@dataclass(frozen=True)
class Installation:
    """url: without a slash at its end. token: may all, and sees all."""

    url: str
    token: str


@pytest.fixture
def installation(
    teddy_store: EventStore, live_server: LiveServer, settings: Settings
) -> Installation:
    """The Teddy domain on the embedded log, on a free port; nobody counts how often it is asked."""
    rates = dict.fromkeys(("read", "append", "export"), "100000000/min")
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": rates,
    }
    minted = accounts.create(
        "backend", scopes=list(Scope), purpose="parent_request", bound_to=None
    )
    return Installation(live_server.url, minted.secret)

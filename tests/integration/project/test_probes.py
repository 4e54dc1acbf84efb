"""In production strangers are told whether it is ready; why not, and figures, are told on a listener of their own."""

from __future__ import annotations

from http.client import HTTPConnection
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from teddy_es import health
from teddy_es.probes import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore


@pytest.fixture
def asked_here(
    embedded_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A store whose health is asked for."""
    monkeypatch.setattr(health, "get_event_store", lambda: embedded_store)
    health.forget()
    yield
    health.forget()


@pytest.fixture
def production(settings: Settings) -> None:
    settings.MODE = "production"
    settings.SECURE_SSL_REDIRECT = False


def test_strangers_are_told_whether_and_not_why(
    asked_here: None, production: None
) -> None:
    answer = Client().get("/readyz")

    assert set(answer.json()) == {"ready"}
    assert answer.json()["ready"] == (answer.status_code == 200)
    assert Client().get("/metrics").status_code == 404
    assert Client().get("/healthz").status_code == 200


def test_probes_are_told_all_of_it_on_their_own_listener(
    asked_here: None, production: None
) -> None:
    with Listener(("127.0.0.1", 0)) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        host, port = listener.server_address[:2]

        def asked(path: str) -> tuple[int, str]:
            made = HTTPConnection(str(host), int(port), timeout=120)
            made.request("GET", path)
            answer = made.getresponse()
            return answer.status, answer.read().decode()

        assert asked("/healthz") == (200, "ok\n")
        assert '"keys": "ok"' in asked("/readyz")[1]
        assert asked("/metrics")[0] == 200
        assert asked("/admin/")[0] == 404
        listener.shutdown()

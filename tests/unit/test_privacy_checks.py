"""A domain that seals and cannot forget, or does not say how long it keeps, is told at the start."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventstore.checks import keys
from eventstore.checks.privacy import of_privacy
from eventstore.conf import EventStoreSettings, conf
from eventstore.errors import KeyStoreUnavailable
from eventstore.keys.configured import key_ring, reset
from eventstore.privacy.policy import in_force, policies
from eventstore.registry import Registry
from eventstore.testing.shop import OrderChanged, shop
from eventstore.testing.shop_privacy import register_privacy
from teddy_es.domain.types import registry as teddy
from teddy_es.retention import RETENTION, without_end

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

POLICY: dict[str, Any] = {
    "since": "2020-01-01",
    "months": 2,
    "purpose": "p",
    "need": "n",
    "source": "s",
}


MEMORY = "eventstore.testing.memory_keys.keys_of_this_process"


def ids(types: Registry) -> list[str | None]:
    return [message.id for message in of_privacy(types)]


@pytest.fixture
def configured(settings: Settings) -> Any:
    def configure(**values: Any) -> None:
        settings.EVENTSTORE = {**settings.EVENTSTORE, **values}

    configure(KEYS=EventStoreSettings.KEYS, RETENTION={"order": [POLICY]})
    return configure


@pytest.mark.usefixtures("configured")
def test_a_domain_that_seals_names_the_events_of_its_keys() -> None:
    assert ids(shop()) == ["eventstore.E060"]
    assert ids(register_privacy(shop())) == []


def test_keys_in_memory_tell_no_log(configured: Any) -> None:
    configured(KEYS=MEMORY)

    assert ids(shop()) == []


@pytest.mark.parametrize(
    "retention",
    [{}, {"order": []}, {"order": [{**POLICY, "months": -1}]}, {"older": [POLICY]}],
)
def test_a_class_that_nobody_says_how_long_to_keep_is_told(
    configured: Any, retention: Any
) -> None:
    configured(RETENTION=retention)

    assert ids(register_privacy(shop())) == ["eventstore.E061"]


def without_secrets() -> Registry:
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(OrderChanged, stream_type="order", subject=None)
    return types


@pytest.mark.usefixtures("configured")
def test_a_domain_without_sensitive_fields_needs_none_of_it() -> None:
    assert ids(without_secrets()) == []


@pytest.mark.parametrize(
    ("types", "values", "expected"),
    [
        (shop(), {}, ["eventstore.E051"]),
        (shop(), {"KEYS": MEMORY}, []),
        (without_secrets(), {}, []),
        (without_secrets(), {"KEK": "no.such.provider"}, ["eventstore.E051"]),
    ],
    ids=["seals", "seals-in-memory", "seals-nothing", "names-nobody"],
)
def test_who_wraps_keys_is_named_where_something_is_sealed(
    configured: Any,
    monkeypatch: pytest.MonkeyPatch,
    types: Registry,
    values: dict[str, str],
    expected: list[str],
) -> None:
    configured(**{"KEK": "", **values})
    reset()
    monkeypatch.setattr(keys, "registry", lambda: types)

    assert [message.id for message in keys.check_key_settings()] == expected


def test_the_quickstarts_conversations_are_old_and_stay() -> None:
    made = policies(without_end(RETENTION))
    today = date(2100, 1, 1)

    assert made.keys() == RETENTION.keys()
    for of_class in made.values():
        policy = in_force(of_class, today)
        assert policy is not None
        assert policy.before(today) is None


def test_productions_periods_are_policies(configured: Any) -> None:
    configured(RETENTION=RETENTION)

    assert ids(teddy) == []


def test_the_teddy_domain_says_of_each_class_how_long_it_is_kept() -> None:
    assert conf.RETENTION
    assert ids(teddy) == []


def test_where_nobody_wraps_keys_there_is_a_ring_and_whoever_seals_hears_of_it(
    configured: Any,
) -> None:
    configured(KEK="")
    reset()

    nobody = key_ring()._provider
    for ask in (
        nobody.current,
        lambda: nobody.wrap([]),
        lambda: nobody.unwrap([]),
        lambda: nobody.rewrap([]),
    ):
        with pytest.raises(ImproperlyConfigured, match="names nobody"):
            ask()
    reset()


@pytest.mark.parametrize(
    ("vault", "expected"),
    [
        ({}, ["eventstore.E053"]),
        ({"addr": "vault.example:8200", "token": "t"}, ["eventstore.E053"]),
        ({"addr": "http://vault.example:8200", "token": "t"}, ["eventstore.E053"]),
        ({"addr": "https://vault.example:8200"}, ["eventstore.E053"]),
        ({"addr": "https://vault.example:8200", "token": "t"}, []),
        ({"addr": "https://vault.example:8200", "token_file": "/run/t"}, []),
        ({"addr": "http://127.0.0.1:8200", "token": "t"}, []),
    ],
    ids=["nothing", "no-scheme", "in-the-clear", "no-token", "good", "file", "here"],
)
def test_a_vault_has_an_address_and_a_token_and_nobody_listens(
    configured: Any,
    monkeypatch: pytest.MonkeyPatch,
    vault: dict[str, str],
    expected: list[str],
) -> None:
    configured(KEK="vault", VAULT=vault)
    monkeypatch.setattr(keys, "provider", lambda: None)

    assert [message.id for message in keys.check_key_settings()] == expected


@pytest.mark.parametrize(
    ("mode", "is_one_server", "is_one_database", "expected"),
    [
        ("quickstart", True, True, ["eventstore.E055"]),
        ("production", True, True, ["eventstore.E055"]),
        ("production", True, False, ["eventstore.W051"]),
        ("quickstart", True, False, []),
        ("production", False, False, []),
    ],
)
def test_keys_live_apart_from_what_they_open(
    configured: Any,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    *,
    is_one_server: bool,
    is_one_database: bool,
    expected: list[str],
) -> None:
    configured(MODE=mode)
    monkeypatch.setattr(keys, "neighbours", lambda: (is_one_server, is_one_database))

    assert [one.id for one in keys.check_neighbours(["keys"])] == expected
    assert keys.check_neighbours(["default"]) == []


def test_a_key_store_that_is_away_is_no_neighbour_yet(
    configured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> tuple[bool, bool]:
        raise KeyStoreUnavailable

    configured(MODE="production")
    monkeypatch.setattr(keys, "neighbours", away)

    assert keys.check_neighbours(["keys"]) == []


def test_a_provider_that_cannot_be_made_is_told_before_production_is(
    configured: Any,
) -> None:
    configured(KEK="no.such.provider", MODE="production")
    reset()

    assert [one.id for one in keys.check_key_settings()] == ["eventstore.E051"]

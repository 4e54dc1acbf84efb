"""The event store's settings: names are held against the class, values are looked up live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from eventstore.conf import EventStoreSettings, conf, registry

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

REGISTRY = "teddy_es.domain.types.registry"


def test_a_setting_is_looked_up_when_it_is_used() -> None:
    with override_settings(EVENTSTORE={"PARTITIONS": 3}):
        inside = conf.PARTITIONS
    with override_settings(EVENTSTORE={"PARTITIONS": 4}):
        again = conf.PARTITIONS

    assert (inside, again) == (3, 4)


def test_what_is_not_set_has_the_default_of_the_class(settings: Settings) -> None:
    settings.EVENTSTORE = {}

    for name in conf.names():
        assert getattr(conf, name) == vars(EventStoreSettings)[name]


def test_a_project_without_the_dictionary_has_the_defaults(settings: Settings) -> None:
    del settings.EVENTSTORE

    assert conf.LOG == "embedded"


@pytest.mark.parametrize("name", ["PARTITION", "partitions", "KAFKA"])
def test_an_unknown_name_is_refused_whatever_is_asked_for(
    settings: Settings, name: str
) -> None:
    settings.EVENTSTORE = {"REGISTRY": REGISTRY, name: 3}

    with pytest.raises(ImproperlyConfigured) as refused:
        conf.LOG  # noqa: B018  (the look-up is what is tested)

    assert f"has no setting {name}." in str(refused.value)
    assert "PARTITIONS" in str(refused.value)


def test_an_unknown_name_is_refused_every_time_and_forgiven_when_it_is_gone(
    settings: Settings,
) -> None:
    settings.EVENTSTORE = {"LOGS": "kafka"}
    for _ in range(2):
        with pytest.raises(ImproperlyConfigured):
            conf.LOG  # noqa: B018

    settings.EVENTSTORE = {"LOG": "kafka"}

    assert conf.LOG == "kafka"


def test_a_setting_that_the_class_does_not_have_cannot_be_asked_for() -> None:
    with pytest.raises(AttributeError):
        conf.PARTITION  # noqa: B018


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", r"must name the domain's registry"),
        ("teddy_es.conf.conf", r"names teddy_es.conf.conf, which is no Registry"),
    ],
)
def test_a_registry_that_is_none_is_refused(
    settings: Settings, path: str, reason: str
) -> None:
    settings.EVENTSTORE = {"REGISTRY": path}

    with pytest.raises(ImproperlyConfigured, match=reason):
        registry()


def test_the_registry_is_looked_up_live(settings: Settings) -> None:
    settings.EVENTSTORE = {"REGISTRY": REGISTRY}
    teddy = registry()
    settings.EVENTSTORE = {"REGISTRY": "tests.shops.order_conf"}

    assert "conversation" in teddy.stream_types
    assert "conversation" not in registry().stream_types

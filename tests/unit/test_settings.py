"""The environment is read once and strictly: what does not fit is refused in one line, before anything starts."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventstore.conf import conf
from eventstore.store import KINDS
from scripts.launcher.places import CHECKOUT
from teddy_es.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOOD = {
    "DJANGO_SECRET_KEY": "long and random",
    "DATABASE_URL": "postgresql://ada:s3cret@db.example:5432/teddy",
    "TEDDY_KEYS_DATABASE_URL": "postgresql://ada:s3cret@keys.example:5432/keys",
}
SECRET = "hunter2$x"  # noqa: S105


@pytest.fixture
def settings_of(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Read the settings module with these variables and no others of ours."""
    for name in list(os.environ):  # noqa: TID251  (the test's own)
        if name.startswith(("TEDDY_", "DJANGO_", "DATABASE_", "PROMETHEUS_")):
            monkeypatch.delenv(name)

    def read(**given: str) -> dict[str, Any]:
        for name, value in {**GOOD, **given}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(CHECKOUT / "teddy_es" / "settings.py"))

    yield read
    configure_logging(json=False, level="INFO")


def refusal(read: Callable[..., dict[str, Any]], **given: str) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(**given)
    text = str(refused.value)
    assert "\n" not in text
    return text


# ---- production


def test_keys_stand_beside_the_store_in_the_quickstart(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    found = settings_of(TEDDY_MODE="quickstart", TEDDY_KEYS_DATABASE_URL="")

    default, keys = found["DATABASES"]["default"], found["DATABASES"]["keys"]
    assert keys == default | {"NAME": "teddy_keys"}


def test_the_keys_database_is_as_patient_as_the_other(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    found = settings_of(TEDDY_DATABASE_CONNECT_TIMEOUT="3")

    for database in found["DATABASES"].values():
        assert database["OPTIONS"]["connect_timeout"] == 3


def test_production_is_the_default_and_stands_behind_tls(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    found = settings_of()

    assert found["PRODUCTION"]
    assert found["SECURE_SSL_REDIRECT"]
    assert found["SESSION_COOKIE_SECURE"]
    assert found["EVENTSTORE"]["LOG"] == "kafka"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"DJANGO_SECRET_KEY": ""}, "Set DJANGO_SECRET_KEY"),
        ({"DJANGO_DEBUG": "true"}, "DJANGO_DEBUG"),
        ({"DATABASE_URL": ""}, "Set DATABASE_URL, as in postgresql://"),
        ({"DATABASE_URL": "sqlite:///teddy.db"}, "DATABASE_URL must be a postgresql"),
        ({"DATABASE_URL": "sqlite://:memory:"}, "DATABASE_URL must be a postgresql"),
        ({"DATABASE_URL": "mysql://u:p@h/d"}, "DATABASE_URL must be a postgresql"),
        ({"TEDDY_KEYS_DATABASE_URL": ""}, "Set TEDDY_KEYS_DATABASE_URL, as in"),
        (
            {"TEDDY_KEYS_DATABASE_URL": GOOD["DATABASE_URL"]},
            "TEDDY_KEYS_DATABASE_URL names the database of DATABASE_URL",
        ),
        (
            {"TEDDY_KEYS_DATABASE_URL": "postgres://bob:x@DB.example/teddy"},
            "TEDDY_KEYS_DATABASE_URL names the database of DATABASE_URL",
        ),
        (
            {"TEDDY_KEYS_DATABASE_URL": "postgres:///teddy?host=db.example"},
            "TEDDY_KEYS_DATABASE_URL names the database of DATABASE_URL",
        ),
    ],
)
def test_production_refuses_to_start(
    settings_of: Callable[..., dict[str, Any]], given: dict[str, str], reason: str
) -> None:
    assert reason in refusal(settings_of, TEDDY_MODE="production", **given)


def test_a_debugged_quickstart_is_allowed(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    found = settings_of(TEDDY_MODE="quickstart", DJANGO_DEBUG="yes")

    assert found["DEBUG"]
    assert found["EVENTSTORE"]["LOG"] == "embedded"


# ---- values


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("TEDDY_MODE", "prodution", "one of quickstart, production"),
        ("TEDDY_LOG", "rabbit", "one of kafka, embedded"),
        ("TEDDY_LOG_LEVEL", "chatty", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("TEDDY_PARTITIONS", "x", "a whole number from 1 to 512"),
        ("TEDDY_PARTITIONS", "0", "a whole number from 1 to 512"),
        ("TEDDY_PARTITIONS", "513", "a whole number from 1 to 512"),
        ("TEDDY_PARTITIONS", "6.0", "a whole number from 1 to 512"),
        ("TEDDY_PARTITIONS", "9" * 5000, "a whole number from 1 to 512"),
        ("TEDDY_APPEND_TIMEOUT", "x", "seconds, a number above 0"),
        ("TEDDY_APPEND_TIMEOUT", "0", "seconds, a number above 0"),
        ("TEDDY_APPEND_TIMEOUT", "nan", "seconds, a number above 0"),
        ("TEDDY_APPEND_TIMEOUT", "inf", "seconds, a number above 0"),
        ("TEDDY_SSL_REDIRECT", "ture", "true or false"),
        ("TEDDY_BEHIND_PROXY", "maybe", "true or false"),
        ("DJANGO_DEBUG", "2", "true or false"),
        ("TEDDY_KAFKA_SECURITY_PROTOCOL", "TLS", "one of PLAINTEXT, SSL"),
        ("TEDDY_KAFKA_SASL_MECHANISM", "KERBEROS", "one of PLAIN, SCRAM-SHA-256"),
    ],
)
def test_a_value_that_does_not_fit_names_its_variable_and_what_it_takes(
    settings_of: Callable[..., dict[str, Any]], name: str, value: str, takes: str
) -> None:
    said = refusal(settings_of, **{name: value})

    assert said.startswith(f"{name} takes {takes}")


@pytest.mark.parametrize(
    "url", [f"postgresql://a:{SECRET}@h:port/d", f"//{SECRET}", SECRET]
)
def test_a_database_address_that_is_none_is_not_repeated(
    settings_of: Callable[..., dict[str, Any]], url: str
) -> None:
    said = refusal(settings_of, DATABASE_URL=url)

    assert said.startswith("DATABASE_URL must be a postgresql:// address")
    assert SECRET not in said


def test_an_empty_variable_counts_as_not_set(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    names = ("PARTITIONS", "APPEND_TIMEOUT", "LOG", "BEHIND_PROXY", "KAFKA_BOOTSTRAP")

    found = settings_of(**{f"TEDDY_{name}": "" for name in names})

    assert found["EVENTSTORE"]["PARTITIONS"] == 6
    assert found["EVENTSTORE"]["KAFKA_BOOTSTRAP"] == ["127.0.0.1:9092"]


def test_what_was_given_arrives(settings_of: Callable[..., dict[str, Any]]) -> None:
    found = settings_of(
        DJANGO_SECRET_KEY=SECRET,
        DJANGO_SECRET_KEY_FALLBACKS="one, two,",  # noqa: S106
        DJANGO_ALLOWED_HOSTS="a.example, b.example,",
        TEDDY_PARTITIONS="512",
        TEDDY_APPEND_TIMEOUT="2.5",
        TEDDY_KAFKA_BOOTSTRAP="one:9092,two:9092",
        TEDDY_KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        TEDDY_KAFKA_SASL_PASSWORD=SECRET,
        TEDDY_BEHIND_PROXY="On",
    )

    store = found["EVENTSTORE"]
    assert found["SECRET_KEY"] == SECRET  # a $ in it means nothing
    assert found["SECRET_KEY_FALLBACKS"] == ["one", "two"]
    assert found["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    assert (store["PARTITIONS"], store["APPEND_TIMEOUT"]) == (512, 2.5)
    assert store["KAFKA_BOOTSTRAP"] == ["one:9092", "two:9092"]
    assert store["KAFKA_SECURITY"] == {
        "security_protocol": "SASL_SSL",
        "sasl_plain_password": SECRET,
    }
    assert found["SECURE_PROXY_SSL_HEADER"]
    assert found["DATABASES"]["default"]["PASSWORD"] == "s3cret"  # noqa: S105


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_log_can_be_asked_for(
    settings_of: Callable[..., dict[str, Any]], kind: str
) -> None:
    assert settings_of(TEDDY_LOG=kind)["EVENTSTORE"]["LOG"] == kind


def test_a_log_of_ones_own_is_asked_for_by_its_factorys_path(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    found = settings_of(TEDDY_LOG="shop.logs.open_log")

    assert found["EVENTSTORE"]["LOG"] == "shop.logs.open_log"


def test_what_is_set_are_settings_of_the_event_store(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    assert settings_of()["EVENTSTORE"].keys() <= conf.names()


# ---- names


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("TEDDY_PARTITION", "did you mean TEDDY_PARTITIONS?"),
        ("TEDDY_KAFKA_BOOTSTRAPS", "did you mean TEDDY_KAFKA_BOOTSTRAP?"),
        ("TEDDY_SSL_REDIRECTS", "did you mean TEDDY_SSL_REDIRECT?"),
        ("TEDDY_ZZZZZZZ", "docs/SETTINGS.md"),
    ],
)
@pytest.mark.parametrize("mode", ["production", "quickstart"])
def test_a_name_that_nobody_reads_is_refused_with_the_nearest_one(
    settings_of: Callable[..., dict[str, Any]], wrong: str, meant: str, mode: str
) -> None:
    said = refusal(settings_of, TEDDY_MODE=mode, **{wrong: "1"})

    assert said.startswith(f"There is no setting {wrong}: ")
    assert meant in said


@pytest.mark.parametrize(
    "name",
    [
        "TEDDY_JAVA",
        "TEDDY_CHROMIUM",
        "TEDDY_TEST_KAFKA_BOOTSTRAP",
        "TEDDY_PORT",  # Kubernetes, of a service called teddy …
        "TEDDY_PORT_8000_TCP_ADDR",
        "TEDDY_WEB_SERVICE_HOST",  # … or teddy-web
        "TEDDY_SERVICE_PORT_HTTP",
    ],
)
def test_what_others_read_is_let_through(
    settings_of: Callable[..., dict[str, Any]], name: str
) -> None:
    assert settings_of(**{name: "tcp://10.0.0.1:8000"})


def test_on_the_command_line_a_refusal_is_one_line() -> None:
    given = {**os.environ, **GOOD, "TEDDY_PARTITIONS": "x"}  # noqa: TID251  (a child's)

    for command in ("check", "verify"):
        done = subprocess.run(  # noqa: S603  (our own command)
            [sys.executable, CHECKOUT / "manage.py", command],
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 1
        assert done.stderr == (
            "manage.py: TEDDY_PARTITIONS takes a whole number from 1 to 512, not 'x'.\n"
        )


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("none", None),
        ("127.0.0.1:9100", ("127.0.0.1", 9100)),
        ("[::1]:9100", ("::1", 9100)),
    ],
)
def test_the_listener_of_probes_is_a_host_and_a_port(
    settings_of: Callable[..., dict[str, Any]],
    said: str,
    address: tuple[str, int] | None,
) -> None:
    assert settings_of(TEDDY_PROBES=said)["TEDDY_PROBES"] == address


@pytest.mark.parametrize("said", ["9100", ":9100", "localhost:", "localhost:99999"])
def test_another_listener_is_refused(
    settings_of: Callable[..., dict[str, Any]], said: str
) -> None:
    assert "host:port" in refusal(settings_of, TEDDY_PROBES=said)


def test_a_proxy_is_an_address_or_a_network(
    settings_of: Callable[..., dict[str, Any]],
) -> None:
    read = settings_of(TEDDY_TRUSTED_PROXIES="10.0.0.0/8, ::1")
    assert read["TEDDY_TRUSTED_PROXIES"] == ["10.0.0.0/8", "::1"]
    assert "networks" in refusal(settings_of, TEDDY_TRUSTED_PROXIES="proxy")

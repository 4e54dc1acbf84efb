"""System checks of the project. docs/CHECKS.md has a line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.checks import CheckMessage, Error, Tags, register

from eventstore.api.accounts import accounts
from eventstore.conf import conf as eventstore
from eventstore.database import is_the_databases
from teddy_es.conf import conf
from teddy_es.domain.access import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Collection

LEAST_SECRET: Final = 50  # characters, as Django's own check has it
LEAST_DIFFERENT: Final = 5


@register(Tags.security)
def check_secret(**_kwargs: Any) -> list[CheckMessage]:
    """Sessions and digests are signed with it: who guesses it, is anybody."""
    key = conf.SECRET_KEY
    if not _is_production() or (
        len(key) >= LEAST_SECRET
        and len(set(key)) >= LEAST_DIFFERENT
        and not key.startswith("django-insecure-")
    ):
        return []
    return [
        Error(
            f"DJANGO_SECRET_KEY is shorter than {LEAST_SECRET} characters or can be guessed.",
            id="teddy_es.E002",
            hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
        )
    ]


@register(Tags.security)
def check_hosts(**_kwargs: Any) -> list[CheckMessage]:
    """A page must not be made for whatever name somebody sends."""
    hosts = conf.ALLOWED_HOSTS
    if not _is_production() or (hosts and "*" not in hosts):
        return []
    return [
        Error(
            "DJANGO_ALLOWED_HOSTS names no host, or any.",
            id="teddy_es.E003",
            hint="Name those under which people reach the console, as in teddy.example.org.",
        )
    ]


@register(Tags.security)
def check_proxies(**_kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy that is not named all log-ins come from one address, and who locks one name locks it for all."""
    if (
        not _is_production()
        or not conf.SECURE_PROXY_SSL_HEADER
        or conf.TEDDY_TRUSTED_PROXIES
    ):
        return []
    return [
        Error(
            "TEDDY_BEHIND_PROXY is set, and TEDDY_TRUSTED_PROXIES does not say which proxy is believed.",
            id="teddy_es.E004",
            hint="Name its address or network, as in 172.30.7.0/24.",
        )
    ]


@register(Tags.database)
def check_purposes(
    databases: Collection[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """`check --database default`: what the ledger has no word for, nobody may look for."""
    if "default" not in (databases or ()):
        return []
    try:
        listed = accounts()
    except Exception as error:
        if is_the_databases(error):
            return []  # the store's own checks say so
        raise
    return [
        Error(
            f"The purpose of the service account {account.name} is none of the access ledger's.",
            id="teddy_es.E005",
            hint=f"manage.py service_accounts change {account.name} --purpose … : until then it is shown nothing of anybody.",
        )
        for account in listed
        if account.purpose not in PURPOSES
    ]


def _is_production() -> bool:
    return bool(eventstore.MODE == "production")


@register(Tags.compatibility)
def check_broker(**_kwargs: Any) -> list[CheckMessage]:
    """Scheduled jobs need a broker that several machines reach; files do for the quickstart alone."""
    if conf.CELERY_BROKER_URL and not (
        eventstore.MODE == "production"
        and conf.CELERY_BROKER_URL.startswith(("filesystem:", "memory:"))
    ):
        return []
    return [
        Error(
            "CELERY_BROKER_URL names no broker that production can use: scheduled jobs would not run.",
            id="teddy_es.E001",
            hint="Set it, as in redis://redis:6379/0. docs/guide/JOBS.md says which brokers there are.",
        )
    ]

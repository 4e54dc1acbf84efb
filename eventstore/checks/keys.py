"""What is wrong with the key store's settings, and with the key-encryption keys at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's name)
from django.core.exceptions import ImproperlyConfigured

from eventstore.checks.privacy import is_the_key_stores, seals
from eventstore.conf import conf, registry
from eventstore.errors import KeyStoreUnavailable
from eventstore.keys.configured import ENVIRONMENT, FILE, VAULT, key_store, provider
from eventstore.keys.fitness import missing, neighbours
from eventstore.keys.router import ALIAS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

KEYS: Final = "keys"
"""The tag of what asks the key store."""
_HERE: Final = ("localhost", "127.0.0.1", "::1")


@register(Tags.compatibility)
def check_key_settings(**_kwargs: Any) -> list[CheckMessage]:
    """What can be said without asking anybody. A domain that seals nothing needs nobody who wraps keys."""
    if not (conf.KEK or _is_needed()):
        return []
    try:
        provider()
    except (ImproperlyConfigured, ImportError) as error:
        hint = "Set TEDDY_KEK to file, env or vault: docs/SETTINGS.md."
        return [Error(str(error), id="eventstore.E051", hint=hint)]
    return [*_unfit_for_production(), *_wrong_vault()]


def _is_needed() -> bool:
    """Whether the key store's keys seal anything. A registry that cannot be had is `check_settings`' to say."""
    if not is_the_key_stores():
        return False
    try:
        types = registry()
    except (ImproperlyConfigured, ImportError):
        return False
    return seals(types)


def _unfit_for_production() -> Iterator[CheckMessage]:
    if conf.MODE == "production" and conf.KEK in (FILE, ENVIRONMENT):
        yield Error(
            "Key-encryption keys of a file or of the environment are the quickstart's: whoever reads this machine's disk or its"
            " processes has them.",
            id="eventstore.E052",
            hint="In production use Vault or OpenBao: TEDDY_KEK=vault. docs/OPERATIONS.md, 'The key store'.",
        )


def _wrong_vault() -> Iterator[CheckMessage]:
    if conf.KEK != VAULT:
        return
    addr = urlsplit(conf.VAULT.get("addr", ""))
    if addr.scheme not in ("http", "https") or not addr.hostname:
        problem = "TEDDY_VAULT_ADDR names no server."
    elif addr.scheme == "http" and addr.hostname not in _HERE:
        problem = "TEDDY_VAULT_ADDR is http:// to another machine: keys would cross the network in the clear."
    elif not (conf.VAULT.get("token") or conf.VAULT.get("token_file")):
        problem = "Neither TEDDY_VAULT_TOKEN_FILE nor TEDDY_VAULT_TOKEN is set."
    else:
        return
    hint = "As in TEDDY_VAULT_ADDR=https://vault.example:8200 and TEDDY_VAULT_TOKEN_FILE=/run/vault/token."
    yield Error(problem, id="eventstore.E053", hint=hint)


@register(Tags.database, KEYS)
def check_key_encryption_keys(
    databases: Collection[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """`check --database keys`, and at each start: what is in the key store can be unwrapped. A store that does not answer is waited for."""
    if ALIAS not in (databases or ()):
        return []
    try:
        return [
            Error(
                f"Data keys are wrapped under the key-encryption key {kek}, and it is not at hand, or is another.",
                id="eventstore.E054",
                hint="Put it back into the key file, or let TEDDY_VAULT_… name the Vault that has it. Without it nothing that was sealed"
                " under those keys opens.",
            )
            for kek in missing(key_store(), provider())
        ]
    except (ImproperlyConfigured, ImportError):
        return []  # `check_key_settings` says so
    except KeyStoreUnavailable:
        return []  # waited for, as at any other time


@register(Tags.database, KEYS)
def check_neighbours(
    databases: Collection[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Keys and what they open are not in one database, whatever their addresses say, and better not on one server."""
    if ALIAS not in (databases or ()):
        return []
    try:
        is_one_server, is_one_database = neighbours()
    except KeyStoreUnavailable:
        return []
    if is_one_database:
        return [
            Error(
                "The key store's database is the one of the store.",
                id="eventstore.E055",
                hint="Let TEDDY_KEYS_DATABASE_URL name a database of its own.",
            )
        ]
    if is_one_server and conf.MODE == "production":
        return [
            Warning(
                "The key store's database is on the PostgreSQL server of the store: a backup of the whole server keeps erased keys with"
                " the text that they open.",
                id="eventstore.W051",
                hint="Give the keys a server of their own, whose backups end sooner.",
            )
        ]
    return []

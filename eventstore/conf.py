"""The event store's settings: attribute = default, looked up live in `settings.EVENTSTORE`."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_bytes
from django.utils.module_loading import import_string

from eventstore.aggregates import Aggregate
from eventstore.places import Register as PlaceRegister
from eventstore.places import read
from eventstore.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class EventStoreSettings:
    """Nobody else in this package touches Django's settings, so `override_settings` just works."""

    LOG: str = "embedded"  # or "kafka", or the dotted path of a log's factory
    REGISTRY: str = ""  # dotted path of the domain's Registry
    AGGREGATES: Sequence[str] = ()  # dotted paths of the domain's Aggregate classes
    SUBSCRIPTIONS: Sequence[str] = ()  # dotted paths of Subscription objects
    PROJECTIONS: Sequence[str] = ()  # dotted paths of Projection classes
    JOBS: Sequence[str] = ()  # dotted paths of the project's own scheduled Jobs
    PLACES: Sequence[
        str
    ] = ()  # paths of TOML files: the project's own part of the register of places
    SNAPSHOT_FREQUENCY: int = 10  # events; an Aggregate may say otherwise
    PARTITIONS: int = 6  # of every topic; fixed at its creation, at most 512
    APPEND_TIMEOUT: float = 10.0  # seconds a caller of append waits
    APPEND_QUEUE: int = 10_000  # commits that may wait in a process
    APPEND_QUEUE_BYTES: int = 64_000_000  # of them, until they are answered
    KAFKA_BOOTSTRAP: Sequence[str] = ("127.0.0.1:9092",)
    KAFKA_SECURITY: Mapping[
        str, Any
    ] = {}  # kafka-python's security_protocol, ssl_*, sasl_*
    SOURCE: str = "/eventstore"  # CloudEvents' source, in exports and in `events.*`
    PUBLISH: bool = (
        True  # the real-time stream `events.*`; on a log with feeds, as Kafka
    )
    PUBLISH_FROM: str = "beginning"  # or "now": where it begins when it is new
    KEYS: str = (
        "eventstore.keys.configured.key_ring"  # dotted path of what gives a ring
    )
    FAILED_TOKENS: str = ""  # dotted path of who counts tokens of the HTTP API that are none: (request) -> seconds to stay away, or None
    ACCESS_RECORDER: str = ""  # dotted path of who makes an AccessRecorder
    REACH: str = ""  # dotted path of who says which streams a token may see; empty: a token sees all
    KEK: str = ""  # who wraps keys: "file", "env", "vault", or the dotted path of a provider's factory
    KEK_FILE: str = ""  # of "file"
    KEK_SECRETS: Sequence[
        str
    ] = ()  # of "env": 32 bytes each in base64; the first one wraps
    VAULT: Mapping[
        str, Any
    ] = {}  # of "vault": addr, token or token_file, mount, key, namespace, ca_file, timeout
    FOLLOWERS: int = 150  # of the feed over HTTP, that may wait in a process
    RETENTION: Mapping[
        str, Sequence[Mapping[str, Any]]
    ] = {}  # retention class → policies; docs/ERASURE.md
    KEY_BACKUP_DAYS: int = 0  # how long backups of the key store are kept, as certificates say; 0: not said
    MODE: str = "production"  # or "quickstart"

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        if not name.isupper():
            return default
        return _configured().get(name, default)

    def names(self) -> frozenset[str]:
        """Every setting there is."""
        return frozenset(name for name in vars(type(self)) if name.isupper())


def _configured() -> Mapping[str, Any]:
    """What the project set. Raises ImproperlyConfigured for a name that is no setting."""
    configured: Mapping[str, Any] = getattr(settings, "EVENTSTORE", {})
    _refuse_unknown(frozenset(configured))
    return configured


@cache  # every setting is looked up live, and by hot paths: judge a set of names once
def _refuse_unknown(names: frozenset[str]) -> None:
    if unknown := names - conf.names():
        msg = (
            f"EVENTSTORE has no setting {', '.join(sorted(unknown))}."
            f" There are: {', '.join(sorted(conf.names()))}."
        )
        raise ImproperlyConfigured(msg)


conf = EventStoreSettings()


def secrets() -> tuple[bytes, ...]:
    """Django's secret key, and behind it those that it replaced (`SECRET_KEY_FALLBACKS`).

    Raises ImproperlyConfigured where one of them is empty: anybody would know it.
    """
    return _secrets(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)  # each load asks
def _secrets(*secrets: str | bytes) -> tuple[bytes, ...]:
    if not all(secrets):
        msg = "An entry of SECRET_KEY_FALLBACKS is empty: take it out."
        raise ImproperlyConfigured(msg)
    return tuple(force_bytes(secret) for secret in secrets)


def registry() -> Registry:
    """The configured domain's event types. Raises ImproperlyConfigured if the setting names none."""
    path = conf.REGISTRY
    if not path:
        msg = "EVENTSTORE['REGISTRY'] must name the domain's registry, as in 'shop.domain.types.registry'."
        raise ImproperlyConfigured(msg)
    return _registry_at(path)


@cache
def _registry_at(path: str) -> Registry:
    target = import_string(path)
    if not isinstance(target, Registry):
        msg = f"EVENTSTORE['REGISTRY'] names {path}, which is no Registry."
        raise ImproperlyConfigured(msg)
    return target


def places() -> PlaceRegister:
    """The register of places: the store's, and what the project adds. Raises `WrongRegister`, OSError for a file that is not there."""
    return _places_at(tuple(conf.PLACES))


@cache
def _places_at(paths: tuple[str, ...]) -> PlaceRegister:
    return read([Path(path) for path in paths])


def aggregates() -> Mapping[str, type[Aggregate[Any]]]:
    """The configured classes by their stream type. Raises ImproperlyConfigured for a path to no Aggregate, for two of
    one stream type, and for a stream type that the registry does not know."""
    classes: dict[str, type[Aggregate[Any]]] = {}
    for path in conf.AGGREGATES:
        made = _aggregate_at(path)
        if (
            made.stream_type in classes
            or made.stream_type not in registry().stream_types
        ):
            msg = f"EVENTSTORE['AGGREGATES'] names {path}, whose stream type {made.stream_type} is taken or not registered."
            raise ImproperlyConfigured(msg)
        classes[made.stream_type] = made
    return classes


@cache
def _aggregate_at(path: str) -> type[Aggregate[Any]]:
    target = import_string(path)
    if not (isinstance(target, type) and issubclass(target, Aggregate)):
        msg = f"EVENTSTORE['AGGREGATES'] names {path}, which is no Aggregate."
        raise ImproperlyConfigured(msg)
    return target

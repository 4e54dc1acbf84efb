"""Which log there is: by the setting `LOG`, said here and nowhere else.

It is a name of ours, or the dotted path of a factory, so that a further adapter needs no change of this package:
docs/EVENT_SOURCING_GUIDE.md, "Write a log adapter".
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.conf import conf
from eventstore.database import connect as connect_to_database
from eventstore.log.embedded import EmbeddedLog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.database import Connect
    from eventstore.ports import Log

EMBEDDED: Final = "embedded"
KAFKA: Final = "kafka"

_METHODS: Final = ("append", "read", "extents", "topics", "create", "close")


class LogFactory(Protocol):
    """Opens the log for one thread. A dotted path in `LOG` leads to one: a function, or the adapter's class.

    connect: opens connections to the store's database, for a log that lives there; others leave it alone.

    MUST give an instance of its own at every call, and all of them MUST be of the same log: one process opens many.
    MUST NOT contact a server: it is called before a fork, and by a system check at each start; the log connects when it
    is first used. MUST refuse settings of its own that cannot be with ImproperlyConfigured, in one line.
    MAY have an attribute `has_feeds`, True: then accepted events are published on `events.{type}`, and its log MUST take
    headers, and MAY delete what is old in topics whose names begin with `eventstore.ports.FEED_PREFIX`, in no others.
    """

    def __call__(self, connect: Connect, /) -> Log:
        """A log that nobody has used yet."""


def open_log(connect: Connect) -> Log:
    """The configured log for one thread. Raises ImproperlyConfigured, in one line."""
    made = log_factory()(connect)
    lacks = [name for name in _METHODS if not callable(getattr(made, name, None))]
    if lacks:
        msg = (
            f"EVENTSTORE['LOG'] names {conf.LOG}, which gives a {type(made).__name__} and no log:"
            f" it lacks {', '.join(lacks)}."
        )
        raise ImproperlyConfigured(msg)
    return made


def open_embedded(connect: Connect) -> Log:
    """The log in PostgreSQL, whatever the setting says."""
    return EmbeddedLog(connect)


def open_kafka(_connect: Connect) -> Log:
    """The log on Kafka by the configured addresses, whatever the setting says."""
    # imported here: whoever runs on another log needs no Kafka client
    from eventstore.log.kafka.log import KafkaLog

    return KafkaLog(conf.KAFKA_BOOTSTRAP, security=conf.KAFKA_SECURITY)


_OURS: Final[Mapping[str, LogFactory]] = {EMBEDDED: open_embedded, KAFKA: open_kafka}


def has_feeds() -> bool:
    """Whether accepted events can be published beside this log."""
    return conf.LOG == KAFKA or getattr(log_factory(), "has_feeds", False) is True


def log_factory() -> LogFactory:
    """What opens the configured log. Raises ImproperlyConfigured for a name that there is not, and for a path to none."""
    return _factory_at(str(conf.LOG))


def refuse_what_opens_no_log() -> None:
    """For a check at start: raise ImproperlyConfigured, in one line, where the setting leads to no log. Asks no server."""
    if str(conf.LOG) in _OURS:
        return
    log_factory()
    try:
        open_log(connect_to_database).close()
    except ImproperlyConfigured:
        raise
    except Exception as error:
        # anybody's code; its text may quote an address with a password
        msg = f"EVENTSTORE['LOG'] names {conf.LOG}, which raised {type(error).__name__} instead of opening a log."
        raise ImproperlyConfigured(msg) from error


@cache
def _factory_at(name: str) -> LogFactory:
    if name in _OURS:
        return _OURS[name]
    if "." not in name:
        msg = f"EVENTSTORE['LOG'] is {name}; there are {', '.join(_OURS)}, and any log whose factory is named by its dotted path."
        raise ImproperlyConfigured(msg)
    try:
        target: Any = import_string(name)
    except ImportError as error:
        msg = f"EVENTSTORE['LOG'] names {name}, which cannot be imported: {error}."
        raise ImproperlyConfigured(msg) from error
    if not _takes_one(target):
        msg = f"EVENTSTORE['LOG'] names {name}, which is no factory: it is called with one argument, `connect`, and gives a log."
        raise ImproperlyConfigured(msg)
    factory: LogFactory = target
    return factory


def _takes_one(factory: Any) -> bool:
    try:
        inspect.signature(factory).bind(connect_to_database)
    except TypeError:  # it cannot be called, or not so
        return False
    return True

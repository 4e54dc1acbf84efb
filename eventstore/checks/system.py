"""System checks: what is dangerous or missing, with ids that never change. docs/CHECKS.md has a line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from eventstore.checks.origin import from_before_sealing
from eventstore.checks.privacy import of_privacy
from eventstore.checks.types import of_history, of_registry
from eventstore.conf import aggregates, conf, registry, secrets
from eventstore.database import is_the_databases, named, translated
from eventstore.errors import DatabaseUnanswered, DatabaseUnfit, EventStoreError
from eventstore.log.configured import KAFKA, refuse_what_opens_no_log
from eventstore.log.security_files import unreadable
from eventstore.projections.configured import configured as configured_projections
from eventstore.projections.following import subscription_of
from eventstore.protocol.positions import PARTITIONS
from eventstore.publishing.topics import check as check_for_publishing
from eventstore.publishing.topics import feed_topics
from eventstore.queries.connection import unchecked_cursor
from eventstore.snapshots.topics import check as check_for_snapshots
from eventstore.snapshots.topics import snapshot_topics
from eventstore.store import make_event_store
from eventstore.subscriptions import Start
from eventstore.subscriptions.configured import configured

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from eventstore.subscriptions import Subscription

_SERVER: Final = """
SELECT name, setting FROM pg_settings
 WHERE name IN ('server_version_num', 'server_encoding', 'fsync', 'full_page_writes')
"""

_RIGHTS: Final = r"""
SELECT count(*) FROM pg_class
 WHERE relkind = 'r' AND relname LIKE 'eventstore\_%' AND relnamespace = current_schema()::regnamespace
   AND NOT has_table_privilege(oid, 'SELECT')
"""


@register(Tags.compatibility)
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """What can be said without asking anybody."""
    try:
        types = registry()
        aggregates()
    except (ImproperlyConfigured, ImportError) as error:
        return [Error(str(error), id="eventstore.E001", hint="Put EVENTSTORE right.")]
    return [
        *_without_secret(),
        *_wrong_values(),
        *of_registry(types),
        *of_privacy(types),
        *_wrong_subscriptions(),
    ]


def _without_secret() -> list[CheckMessage]:
    """Snapshots are signed under keys derived from Django's."""
    try:
        secrets()
    except ImproperlyConfigured as error:
        hint = "Set SECRET_KEY to a long random text, SECRET_KEY_FALLBACKS to those before it, if any."
        return [Error(str(error), id="eventstore.E001", hint=hint)]
    return []


def _wrong_values() -> list[CheckMessage]:
    partitions = Error(
        f"TEDDY_PARTITIONS is {conf.PARTITIONS}, not in 1..{PARTITIONS}.",
        id="eventstore.E003",
        hint="Set TEDDY_PARTITIONS to the number that the topics were created with.",
    )
    append = Error(
        "APPEND_TIMEOUT, APPEND_QUEUE and APPEND_QUEUE_BYTES must be above 0.",
        id="eventstore.E004",
        hint="Put EVENTSTORE right, or leave these settings out for the defaults.",
    )
    start = _wrong_start()
    fine = (
        (start, conf.PUBLISH_FROM in set(Start)),
        (partitions, 1 <= conf.PARTITIONS <= PARTITIONS),
        (
            append,
            min(conf.APPEND_TIMEOUT, conf.APPEND_QUEUE, conf.APPEND_QUEUE_BYTES) > 0,
        ),
    )
    wrong = [error for error, is_fine in fine if not is_fine]
    return [*_wrong_log(), *wrong, *_unreadable_files(), *_wrong_snapshots()]


def _wrong_log() -> list[CheckMessage]:
    """A name that there is not, and a path that leads to no log."""
    try:
        refuse_what_opens_no_log()
    except ImproperlyConfigured as error:
        hint = "Set TEDDY_LOG, or EVENTSTORE['LOG']: docs/EVENT_SOURCING_GUIDE.md, 'Write a log adapter'."
        return [Error(str(error), id="eventstore.E002", hint=hint)]
    return []


def _unreadable_files() -> list[CheckMessage]:
    """What a connection to Kafka will want to read."""
    if conf.LOG != KAFKA:
        return []
    return [
        Error(
            f"{option} of KAFKA_SECURITY names {conf.KAFKA_SECURITY[option]}, which cannot be read ({why}).",
            id="eventstore.E041",
            hint="Put the file there, readable for this process, or the setting right.",
        )
        for option, why in unreadable(conf.KAFKA_SECURITY).items()
    ]


def _wrong_start() -> CheckMessage:
    return Error(
        f"PUBLISH_FROM is {conf.PUBLISH_FROM}; there are: {', '.join(Start)}.",
        id="eventstore.E008",
        hint="Put it right; later `manage.py subscriptions reset events --to` moves it anywhere.",
    )


def _wrong_snapshots() -> list[CheckMessage]:
    """SNAPSHOT_FREQUENCY, and what the classes say of their own snapshots."""
    numbers = {"SNAPSHOT_FREQUENCY": conf.SNAPSHOT_FREQUENCY}
    for cls in aggregates().values():
        if cls.snapshot_frequency is not None:
            numbers[f"snapshot_frequency of {cls.__name__}"] = cls.snapshot_frequency
        numbers[f"state_schema of {cls.__name__}"] = cls.state_schema
    return [
        Error(
            f"{name} is {number}; it must be 1 or more.",
            id="eventstore.E006",
            hint="A frequency is a number of events, a schema rises when the form of the state changes.",
        )
        for name, number in numbers.items()
        if number < 1
    ]


def _wrong_subscriptions() -> list[CheckMessage]:
    """Those that cannot be loaded, two of one name, and those that want what the registry does not know; projections too."""
    problems = []
    try:
        for one in configured().values():
            problems += _unknown_to_the_registry(one)
        for versions in configured_projections().values():
            for projection in versions.values():
                one = subscription_of(projection, is_read=True)
                problems += _unknown_to_the_registry(one)
    except (ImproperlyConfigured, ImportError, ValueError) as error:
        problems.append(str(error))
    return [
        Error(
            f"Subscriptions and projections: {problem}",
            id="eventstore.E009",
            hint="Put EVENTSTORE['SUBSCRIPTIONS'] and ['PROJECTIONS'] right, or what they name.",
        )
        for problem in problems
    ]


def _unknown_to_the_registry(subscription: Subscription) -> list[str]:
    try:
        _ = subscription.topics
    except ValueError as error:
        return [f"{error}."]
    return []


@register(Tags.database)
def check_database(
    databases: Collection[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """`check --database default`, and before `migrate`: the server keeps what it was given, in UTF-8, and what it holds is sealed and can be read."""
    if not databases:  # nobody has named one, so none is asked
        return []
    try:
        with unchecked_cursor() as cursor:
            cursor.execute(_SERVER)
            wrong = wrong_with_server(dict(cursor.fetchall()))
            wrong += from_before_sealing(cursor)
            cursor.execute(_RIGHTS)
            wrong += _without_rights(cursor.fetchone()[0])
            return wrong + of_history(cursor, registry())
    except DatabaseUnfit as error:
        return [Error(error.problem, id=error.id, hint=error.hint)]
    except (ImproperlyConfigured, ImportError):
        return []  # `check_settings` says so
    except Exception as error:
        if is_the_databases(error):
            return []  # `check_log` says so
        raise


def _without_rights(tables: int) -> list[CheckMessage]:
    if not tables:
        return []
    return [
        Error(
            f"The database's role may not read {tables} of the store's tables.",
            id="eventstore.E033",
            hint="As the tables' owner run `manage.py database_roles`, which says the GRANTs that each role needs.",
        )
    ]


def wrong_with_server(settings: Mapping[str, str]) -> list[CheckMessage]:
    """By its `server_version_num`, `server_encoding`, `fsync` and `full_page_writes`."""
    version, encoding = settings["server_version_num"], settings["server_encoding"]
    old = Error(
        f"The server is PostgreSQL {int(version) // 10_000}; the store needs 17 or later.",
        id="eventstore.E011",
        hint="A process that is frozen in a fold must let go of its row: transaction_timeout came with 17.",
    )
    other = Error(
        f"The database's encoding is {encoding}, not UTF8.",
        id="eventstore.E012",
        hint="Make the database with ENCODING 'UTF8' TEMPLATE template0, then migrate.",
    )
    forgetful = checks.Warning(
        "fsync or full_page_writes is off: a power cut can damage what is stored.",
        id="eventstore.W002",
        hint="Switch both on, on the embedded log above all: there the database is the log.",
    )
    fine = (
        (old, int(version) >= 170_000),
        (other, encoding == "UTF8"),
        (forgetful, settings["fsync"] == settings["full_page_writes"] == "on"),
    )
    return [message for message, is_fine in fine if not is_fine]


@register(Tags.database, deploy=True)
def check_log(**_kwargs: Any) -> list[CheckMessage]:
    """`check --deploy --database default`: the topics, as they must be and as they were at creation."""
    try:
        with translated(), make_event_store().indexer() as indexer:
            indexer.check_topics()
            check_for_snapshots(snapshot_topics(), indexer.log)
            check_for_publishing(feed_topics(), indexer.log)
    except DatabaseUnanswered as error:
        return [
            Error(
                named(error) or f"The database did not answer ({error.kind}).",
                id="eventstore.E010",
                hint="Is it running, and is DATABASE_URL right?",
            )
        ]
    except EventStoreError as error:
        return [Error(str(error), id="eventstore.E010", hint="See docs/OPERATIONS.md.")]
    return []

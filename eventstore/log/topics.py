"""Topics and their partition rows: created once, checked against what was recorded then, never changed in silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from eventstore.database.composing import composed
from eventstore.errors import LogMisconfigured
from eventstore.events import Place
from eventstore.log.origin import UNSEALED, refuse_unsealed
from eventstore.log.partitioning import refuse_another_count
from eventstore.protocol.positions import partition_id, partition_id_sql
from eventstore.registry.numbering import NUMBERED, refuse_other_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from eventstore.ports import Log, Topic
    from eventstore.registry import Registry

NO_ROWS_REMEDY = "Run `manage.py create_topics`; if the mirror still has records of it, `manage.py rebuild_index` after that."
_REGISTER = composed(
    """
INSERT INTO eventstore_partition
       (id, topic, partition, partitions, topic_id, generation, "cursor", last_recorded_at, rule_version)
SELECT {id}, %(topic)s, n, %(partitions)s, %(topic_id)s, %(generation)s, 0, 0, 1
  FROM generate_series(0, %(partitions)s - 1) n
    ON CONFLICT (id) DO NOTHING
""",
    id=partition_id_sql("%(number)s", "n"),
)
_REGISTERED = """
SELECT topic, topic_id, partitions, count(*) FROM eventstore_partition
 WHERE topic = ANY(%(names)s) GROUP BY topic, topic_id, partitions ORDER BY topic, partitions
"""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of the log of record: name → the number that its positions are packed with."""

    numbers: Mapping[str, int]
    partitions: int

    @classmethod
    def of(cls, registry: Registry, partitions: int) -> Topics:
        """Those of a domain's stream types."""
        types = registry.stream_types.values()
        return cls({known.topic: known.number for known in types}, partitions)

    @property
    def places(self) -> list[Place]:
        """Every partition of every topic, in order."""
        return [
            Place(topic, n) for topic in self.numbers for n in range(self.partitions)
        ]

    def partition_id(self, place: Place) -> int:
        """The key of a place's row."""
        return partition_id(self.numbers[place.topic], place.partition)


def create(topics: Topics, log: Log, connection: psycopg.Connection[Any]) -> list[str]:
    """Create what is missing in the log, register what is not known yet; the names of the new topics.

    1. hold the topics that are there against the rows and the setting, and those without rows against their records
    2. create the topics that are missing       3. register what has no rows
    A crash in between leaves topics without rows; the next call registers them. Raises `LogMisconfigured`
    where a topic is there but not as it must be or not as it was, `StoreUnsealed`; nothing was written then.
    """
    refuse_unsealed(connection.execute(UNSEALED).fetchall())
    check_numbers(topics, connection)
    names = list(topics.numbers)
    there = log.topics(names)
    _refuse_other_counts(topics, connection)  # 1
    known = {row[0] for row in _rows_of(names, connection)}
    for name, topic in there.items():
        sound(topics, topic, name)
        if name not in known:
            refuse_another_count(log, name, topics.partitions)
    log.create(  # 2
        [name for name in names if name not in there], partitions=topics.partitions
    )
    existing = log.topics(names)
    for name in names:  # 3
        connection.execute(
            _REGISTER,
            {
                "number": topics.numbers[name],
                "topic": name,
                "partitions": sound(topics, existing.get(name), name).partitions,
                "topic_id": existing[name].id,
                "generation": uuid4(),
            },
        )
    check(topics, log, connection)
    return [name for name in names if name not in there]


def check(topics: Topics, log: Log, connection: psycopg.Connection[Any]) -> None:
    """Hold the log's topics against their rows. Raises `LogMisconfigured`, `StoreUnsealed`, which name the way out."""
    refuse_unsealed(connection.execute(UNSEALED).fetchall())
    _refuse_other_counts(topics, connection)
    check_numbers(topics, connection)
    names = list(topics.numbers)
    known = {row[0]: row for row in _rows_of(names, connection)}
    existing = log.topics(names)
    for name in names:
        topic = sound(topics, existing.get(name), name)
        if name not in known:
            raise LogMisconfigured(
                name,
                "the database has no rows for it",
                NO_ROWS_REMEDY,
            )
        _, topic_id, partitions, rows_there = known[name]
        if topic.id != topic_id:
            raise LogMisconfigured(
                name,
                f"its id is {topic.id}, it was {topic_id} when the store was made:"
                " it was created again under the same name",
                "Its records are gone, but the mirror has them. See docs/OPERATIONS.md, 'The log lost something'.",
            )
        if rows_there != partitions:
            raise LogMisconfigured(
                name,
                f"the database has {rows_there} rows for {partitions} partitions",
                "Run `manage.py create_topics`, which adds them, then `manage.py rebuild_index`.",
            )


def _refuse_other_counts(topics: Topics, connection: psycopg.Connection[Any]) -> None:
    """Raise `LogMisconfigured` if rows say that the store was made with another number of partitions than the setting."""
    for name, _, partitions, _ in _rows_of(list(topics.numbers), connection):
        if partitions != topics.partitions:
            raise LogMisconfigured(
                name,
                f"the store was made with {partitions} partitions, TEDDY_PARTITIONS says {topics.partitions}",
                f"Set TEDDY_PARTITIONS={partitions}: the number decides where a stream lives, and can never change."
                " If partitions were added to the topic, see docs/OPERATIONS.md, 'Partitions were added'.",
            )


def _rows_of(
    names: Sequence[str], connection: psycopg.Connection[Any]
) -> list[tuple[Any, ...]]:
    return connection.execute(_REGISTERED, {"names": list(names)}).fetchall()


def check_numbers(topics: Topics, connection: psycopg.Connection[Any]) -> None:
    """Hold the stream types' numbers against those of the rows. Raises `LogMisconfigured`, which names the way out."""
    refuse_other_numbers(topics.numbers, connection.execute(NUMBERED).fetchall())


def sound(
    topics: Topics, topic: Topic | None, name: str, *, for_restore: bool = False
) -> Topic:
    """The topic, if it is there and as it must be. Raises `LogMisconfigured`.

    for_restore: what a restore that was cut short has left is none of the problems: the next one ends it.
    """
    if topic is None:
        raise LogMisconfigured(
            name, "it does not exist", "Run `manage.py create_topics`."
        )
    if topic.partitions != topics.partitions:
        raise LogMisconfigured(
            name,
            f"it has {topic.partitions} partitions, TEDDY_PARTITIONS says {topics.partitions}",
            "Set TEDDY_PARTITIONS to what the topics were created with. If partitions were added: streams would change"
            " their place, so that is refused for good; carry the events over to a new store with export and import"
            " (docs/OPERATIONS.md, 'Partitions were added').",
        )
    tolerated = topic.left_by_restore if for_restore else ()
    _refuse_problems(name, [p for p in topic.problems if p not in tolerated])
    return topic


def create_auxiliary(topics: Topics, log: Log, *, remade: str) -> list[str]:
    """Create what is missing of topics beside the log's own, which have no rows; the names of the new ones. Raises as `check_auxiliary`."""
    missing = make_auxiliary(topics, log)
    check_auxiliary(topics, log, remade=remade)
    return missing


def make_auxiliary(topics: Topics, log: Log) -> list[str]:
    """Create what is missing and look at nothing else; the names of the new ones."""
    names = list(topics.numbers)
    there = log.topics(names) if names else {}
    missing = [name for name in names if name not in there]
    if missing:
        log.create(missing, partitions=topics.partitions)
    return missing


def wrong_auxiliary(topics: Topics, log: Log, *, remade: str) -> list[LogMisconfigured]:
    """What is wrong with each that is missing or not as it must be."""
    names = list(topics.numbers)
    existing = log.topics(names) if names else {}
    wrong = []
    for name in names:
        try:
            _sound_auxiliary(existing.get(name), name, topics.partitions, remade)
        except LogMisconfigured as error:
            wrong.append(error)
    return wrong


def check_auxiliary(topics: Topics, log: Log, *, remade: str) -> dict[str, Topic]:
    """Topics beside the log's own, if all are there and as they must be. Raises `LogMisconfigured`, which names the way out.

    remade: the remedy for one with other partitions than the log's, which is made again.
    """
    names = list(topics.numbers)
    existing = log.topics(names) if names else {}
    return {
        name: _sound_auxiliary(existing.get(name), name, topics.partitions, remade)
        for name in names
    }


def _sound_auxiliary(
    topic: Topic | None, name: str, partitions: int, remade: str
) -> Topic:
    if topic is None:
        problem, remedy = "it does not exist", "Run `manage.py create_topics`."
        raise LogMisconfigured(name, problem, remedy)
    if topic.partitions != partitions:
        problem = f"it has {topic.partitions} partitions, the log has {partitions}"
        raise LogMisconfigured(name, problem, remade)
    _refuse_problems(name, topic.problems)
    return topic


def _refuse_problems(name: str, problems: Sequence[tuple[str, str]]) -> None:
    if problems:
        raise LogMisconfigured(
            name,
            "; ".join(problem for problem, _ in problems),
            " ".join(remedy for _, remedy in problems),
        )

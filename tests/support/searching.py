"""Looks for secrets wherever the product may have left them: every column, topic, file and line, in every form that text takes.

It knows nothing of the product's code: tables come from the database's own catalogue, topics from the broker's list.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from django.db import connections
from kafka import KafkaConsumer, TopicPartition
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Thing = tuple[str, bytes]  # where it lies, and what lies there
_TABLES: Final = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND n.nspname NOT LIKE 'pg\\_%%' ORDER BY 1, 2
"""
_ROWS: Final = SQL("SELECT t.*, t::text AS as_text_of_a_row FROM {}.{} t")
_PLACE_OF_FILES: Final = "SELECT current_setting('data_directory'), (SELECT oid FROM pg_database WHERE datname = current_database())"
# a query that was canceled or is running stands in the server's own views, with its text
_STATEMENTS: Final = "SELECT query FROM pg_stat_activity"


@dataclass(frozen=True, slots=True)
class Found:
    """A secret that lies where it must not. name: the secret's own, so that no message quotes it."""

    where: str
    name: str
    form: str


@dataclass(frozen=True)
class Search:
    """secrets: name → text."""

    secrets: Mapping[str, str]

    def __call__(self, things: Iterable[Thing]) -> set[Found]:
        """All that is found."""
        needles = [
            (name, form, needle)
            for name, text in self.secrets.items()
            for form, needle in forms(text)
        ]
        return {
            Found(where, name, form)
            for where, content in things
            for kind in (content, content.lower())
            for name, form, needle in needles
            if needle in kind
        }


def forms(text: str) -> Iterator[tuple[str, bytes]]:
    """The ways in which a text may stand among other bytes."""
    plain = text.encode()
    yield "plain", plain
    yield "lower", text.lower().encode()
    yield "json", json.dumps(text)[1:-1].encode()
    yield "json in Unicode", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "json twice", json.dumps(json.dumps(text))[3:-3].encode()
    yield "repr", repr(text)[1:-1].encode()
    yield "bytes' repr", repr(plain)[2:-1].encode()
    yield "percent", quote(text).encode()
    yield "utf-16", text.encode("utf-16-le")
    yield "hex", plain.hex().encode()
    for at, needle in enumerate(_base64(plain)):
        yield f"base64 at {at}", needle
        yield f"base64url at {at}", needle.translate(bytes.maketrans(b"+/", b"-_"))


def _base64(plain: bytes) -> Iterator[bytes]:
    """What of its base64 is the same whatever stands before and after, for each of the three places it may begin at."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        first = -(-before * 8 // 6)  # the first character that holds its bits alone
        last = (before + len(plain)) * 8 // 6
        yield coded[first:last]


# ---- places


def database(alias: str) -> Iterator[Thing]:
    """Every value of every column of every table in every schema, and each row as PostgreSQL writes it."""
    with connections[alias].cursor() as cursor:
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        for schema, table in tables:
            cursor.execute(_ROWS.format(Identifier(schema), Identifier(table)))
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    for content in _bytes_of(value):
                        yield f"{alias}: {schema}.{table}.{name}", content


def raw_files(alias: str) -> Iterator[Thing]:
    """The files of a database as they lie in the server's data directory, behind a checkpoint: also what its tables no longer show."""
    with connections[alias].cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(_PLACE_OF_FILES)
        root, oid = cursor.fetchone()
    folder = Path(root) / "base" / str(oid)
    assert folder.is_dir(), folder
    for where, content in files(folder):
        yield f"raw {alias}: {where}", content


def running_statements(alias: str) -> Iterator[Thing]:
    """The last statement of each session."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # seen once a transaction
        cursor.execute(_STATEMENTS)
        for (query,) in cursor.fetchall():
            yield f"{alias}: pg_stat_activity", str(query).encode()


def _bytes_of(value: Any) -> Iterator[bytes]:
    match value:
        case None:
            return
        case bytes() | bytearray() | memoryview():
            yield bytes(value)
            yield from _unpacked(bytes(value))
        case str():
            yield value.encode(errors="replace")
        case _:
            yield repr(value).encode()
            yield json.dumps(value, default=str).encode()


def _unpacked(value: bytes) -> Iterator[bytes]:
    if value[:2] == b"\x1f\x8b":
        yield gzip.decompress(value)


def topics(bootstrap: str, part_of_name: str) -> Iterator[Thing]:
    """Key, value and headers of every record of the topics in whose name this stands: brokers are shared by tests."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        for topic in sorted(t for t in consumer.topics() if part_of_name in t):
            for number in consumer.partitions_for_topic(topic) or ():
                yield from _records(consumer, TopicPartition(topic, number))
    finally:
        consumer.close()


def _records(consumer: KafkaConsumer, place: TopicPartition) -> Iterator[Thing]:
    end = consumer.end_offsets([place])[place]
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    while consumer.position(place) < end:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                where = f"{place.topic}/{place.partition}/{record.offset}"
                headers = (
                    part
                    for name, value in record.headers
                    for part in (name.encode(), value)
                )
                for content in (record.key, record.value, *headers):
                    if content:
                        yield where, content


def files(root: Path) -> Iterator[Thing]:
    """Every file below a directory, its name too, and what it holds if it is packed."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        yield f"name of {name}", name.encode()
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            yield name, content
            for unpacked in _unpacked(content):
                yield name, unpacked


def figures(directory: Path | None = None) -> Iterator[Thing]:
    """What Prometheus would be told by this process, or by all whose files lie in a directory."""
    if directory is None:
        yield "metrics", generate_latest()
        return
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(directory))  # type: ignore[no-untyped-call]
    yield "metrics of all processes", generate_latest(registry)


def text(where: str, content: str) -> Iterator[Thing]:
    """What somebody has said."""
    yield where, content.encode()

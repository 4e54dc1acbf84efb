"""Whoever looks for secrets finds them: planted in each kind of place, in each form."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection
from kafka import KafkaProducer
from prometheus_client import REGISTRY, Counter
from psycopg.sql import SQL, Literal

from eventstore.database import connect
from tests.support.searching import (
    Found,
    Search,
    database,
    figures,
    files,
    forms,
    running_statements,
    text,
    topics,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eventstore.log.kafka import KafkaLog

SAID = 'Tannenzapfen übermorgen "im" Korb 7f3a91'
search = Search({"planted": SAID})

WAYS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "json": lambda said: json.dumps({"text": said}).encode(),
    "json in Unicode": lambda said: json.dumps([said], ensure_ascii=False).encode(),
    "json twice": lambda said: json.dumps(json.dumps({"text": said})).encode(),
    "hex": lambda said: said.encode().hex().encode(),
    "HEX": lambda said: said.encode().hex().upper().encode(),
    "repr": lambda said: repr([said]).encode(),
    "bytes' repr": lambda said: repr([said.encode()]).encode(),
    "utf-16": lambda said: ("x" + said + "y").encode("utf-16-le"),
    "lower": lambda said: said.lower().encode(),
} | {
    f"base64 at {n}": lambda said, n=n: base64.b64encode(b"ab"[:n] + said.encode() + b"}")
    for n in range(3)
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found_in_each_form(way: str) -> None:
    content = b"before " + WAYS[way](SAID) + b" after"

    assert search([("somewhere", content)]), way


@pytest.mark.parametrize("way", WAYS)
def test_another_text_is_not(way: str) -> None:
    other = SAID.replace("Korb", "Kerb")

    assert not search([("somewhere", b"before " + WAYS[way](other) + b" after")])


def test_no_form_is_empty_and_none_is_short() -> None:
    assert min(len(needle) for _, needle in forms(SAID)) >= len(SAID) - 1


TABLES: dict[str, tuple[str, Any]] = {
    "text": ("text", SAID),
    "bytea": ("bytea", SAID.encode()),
    "packed bytea": ("bytea", gzip.compress(SAID.encode())),
    "jsonb": ("jsonb", json.dumps({"deep": [{"text": SAID}]})),
    "text[]": ("text[]", ["", SAID]),
    "within bytea": ("bytea", json.dumps({"text": SAID}).encode() * 2_000),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.django_db
def test_a_secret_is_found_in_a_column_of_any_kind_in_any_schema(kind: str) -> None:
    sort, value = TABLES[kind]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA projection_planted_v2")
        cursor.execute(f"CREATE TABLE projection_planted_v2.diary (n int, page {sort})")
        cursor.execute(
            "INSERT INTO projection_planted_v2.diary VALUES (1, %s)", [value]
        )

    found = search(database("default"))

    assert {f.where for f in found} >= {"default: projection_planted_v2.diary.page"}, (
        found
    )


@pytest.mark.django_db
def test_a_statement_that_quotes_it_is_found() -> None:
    with closing(connect()) as other:
        other.execute(SQL("SELECT {}").format(Literal(SAID)))
        found = search(running_statements("default"))
        other.execute("SELECT 1")
        assert not search(running_statements("default"))

    assert {f.where for f in found} == {"default: pg_stat_activity"}


def test_a_secret_is_found_in_a_line() -> None:
    assert search(text("a line", f"... {SAID} ..."))


@pytest.mark.django_db
def test_nothing_is_found_where_nothing_was_planted() -> None:
    assert search(database("default")) == set()


@pytest.mark.parametrize("part", ["key", "value", "header"])
@pytest.mark.kafka
def test_a_secret_is_found_in_a_packed_record(
    open_kafka: Callable[..., KafkaLog], kafka_bootstrap: str, part: str
) -> None:
    topic = f"events.planted_{uuid4().hex[:8]}"
    open_kafka().create([topic], partitions=1)
    producer = KafkaProducer(bootstrap_servers=kafka_bootstrap, compression_type="gzip")
    planted = {"key": None, "value": b"{}", "header": b""} | {part: SAID.encode()}
    for n in range(2):
        producer.send(
            topic,
            key=planted["key"],
            value=planted["value"],
            headers=[("n", planted["header"] or b"%d" % n)],
        )
    producer.flush()
    producer.close()

    found = search(topics(kafka_bootstrap, topic))

    assert found == {
        Found(f"{topic}/0/{n}", "planted", form)
        for n in range(2)
        for form in {f.form for f in found}
    }
    assert "plain" in {f.form for f in found}


def test_a_secret_is_found_in_a_file_in_a_packed_one_and_in_a_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "1.celery.msg").write_bytes(
        json.dumps({"body": base64.b64encode(SAID.encode()).decode()}).encode()
    )
    (tmp_path / "logs.gz").write_bytes(gzip.compress(SAID.encode()))
    (tmp_path / SAID.replace("/", "")).touch()

    found = {f.where for f in search(files(tmp_path))}

    assert found == {"tasks/1.celery.msg", "logs.gz", f"name of {SAID}"}


def test_a_secret_is_found_among_figures() -> None:
    planted = Counter("planted_secrets", "For this test.", ["said"])
    planted.labels(SAID).inc()
    try:
        found = search(figures())
    finally:
        REGISTRY.unregister(planted)

    assert found
    assert not search(figures())

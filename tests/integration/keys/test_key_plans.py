"""Every statement of the key store meets its index: also on tables that have grown, and whatever is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.keys import statements
from eventstore.keys.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ID = UUID(int=7)
_NAMES = {"subjects": ["p-7"], "classes": ["talk"], "months": ["2026-01"]}
_PAGE = {"after": ID, "limit": 10}
_FILL = """
INSERT INTO keys_datakey (id, subject, retention_class, month, wrapped, kek, commitment, in_log, destroyed_at, why)
SELECT gen_random_uuid(), 'p-' || n / 12, 'talk', '2026-' || lpad((n %% 12 + 1)::text, 2, '0'),
       CASE WHEN n %% 10 > 0 THEN 'w'::bytea END, 'local.' || n %% 2, 'c', n %% 100 > 0,
       CASE WHEN n %% 10 = 0 THEN now() END, CASE WHEN n %% 10 = 0 THEN 'retention' END
  FROM generate_series(1, %s) n
"""
_STATES = """
INSERT INTO keys_datakey (id, subject, retention_class, month, wrapped, kek, commitment, in_log)
SELECT gen_random_uuid(), subject, 'snapshot', 'all', 'w', 'local.0', 'c', true FROM keys_subject
"""

# Statement, what it is given, and the indexes that it meets.
PLANS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("BY_NAME", _NAMES, {"keys_datakey_living", "keys_datakey_subject"}),
    ("BY_ID", {"ids": [ID]}, {"keys_datakey_pkey"}),
    ("SUBJECTS", _NAMES, {"keys_subject_pkey"}),
    ("ERASED", {"subject": "p-7"}, {"keys_subject_pkey"}),
    ("HOLD_SUBJECTS", _NAMES, {"keys_subject_pkey"}),
    ("HOLD_FOR_DESTROYING", _NAMES, {"keys_subject_pkey"}),
    ("BURIED", _NAMES, {"keys_datakey_subject"}),
    ("MINT_TOLD", {"ids": [ID]}, {"keys_datakey_pkey"}),
    (
        "DESTROY_ALL",
        {"subject": "p-7", "at": AT, "why": "erasure", "request": None},
        {"keys_datakey_living", "keys_datakey_subject"},
    ),
    (
        "DESTROY_SNAPSHOT_KEYS",
        {"subjects": ["p-7"], "at": AT, "why": "erasure", "request": None},
        {"keys_datakey_living", "keys_datakey_subject"},
    ),
    ("OF_SUBJECT", {"subject": "p-7"}, {"keys_datakey_subject"}),
    (
        "PAST",
        {"class": "talk", "before": "2026-03", "after_month": "", "after_id": ID}
        | {"limit": 10},
        {"keys_datakey_period"},
    ),
    ("ENDED_UNTOLD", _PAGE, {"keys_datakey_gone"}),
    ("TOLD", {"ids": [ID]}, {"keys_datakey_pkey"}),
    ("TOMBSTONES", {}, {"keys_datakey_gone"}),
    ("MARK", {}, {"keys_mark_pkey"}),
    ("KEKS", {}, {"keys_datakey_kek"}),
    ("UNDER", _PAGE | {"kek": "local.1"}, {"keys_datakey_kek"}),
    ("COUNT_UNDER", {"kek": "local.1"}, {"keys_datakey_kek"}),
    (
        "REWRAP",
        {"ids": [ID], "before": [b"w"], "keks": ["local.2"], "wrapped": [b"x"]},
        {"keys_datakey_pkey"},
    ),
]
# All of its index is asked for; what EXPLAIN does not show: the step from one to the next.
WALKING = {"TOMBSTONES", "KEKS"}
# They insert: what they look for is a constraint's, which has its index.
INSERTING = {"ADD_SUBJECTS", "MINT", "ERASE", "BURY", "MOVE_MARK"}


@pytest.fixture(params=["never analysed", "analysed"])
def session(
    request: pytest.FixtureRequest, transactional_db: None
) -> Iterator[psycopg.Connection[Any]]:
    """With its limits, on tables that have grown since they were last looked at, or were looked at."""
    sessions = Sessions()
    with sessions.session() as session:
        session.execute("SELECT 1 FROM keys_datakey")  # the planner has seen it empty
        _grow(session)
        if request.param == "analysed":
            session.execute("ANALYZE keys_datakey")
            session.execute("ANALYZE keys_subject")
        yield session
    sessions.close()


def _grow(session: psycopg.Connection[Any]) -> None:
    session.execute(_FILL, [3_000])
    session.execute(
        "INSERT INTO keys_subject (subject) SELECT DISTINCT subject FROM keys_datakey"
    )
    session.execute(_STATES)
    session.execute("INSERT INTO keys_mark (id, cut) VALUES (1, '')")


@pytest.mark.parametrize(
    ("name", "given", "indexes"), [pytest.param(*one, id=one[0]) for one in PLANS]
)
def test_a_statement_meets_its_index_and_reads_no_table_through(
    session: psycopg.Connection[Any],
    name: str,
    given: dict[str, Any],
    indexes: set[str],
) -> None:
    statement = f"EXPLAIN (COSTS OFF) {getattr(statements, name)}"
    rows = session.execute(statement, given).fetchall()

    plan = "\n".join(line for (line,) in rows)
    assert "Seq Scan" not in plan, plan
    assert any(index in plan for index in indexes), plan
    assert "Index Cond" in plan or name in WALKING, plan


def test_every_statement_is_looked_at() -> None:
    known = {name for name in vars(statements) if name.isupper() and name[0] != "_"}

    assert known == {name for name, _, _ in PLANS} | INSERTING

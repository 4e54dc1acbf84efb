"""The register of places names every column, topic and file that there is, and none that there is not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import connections

from eventstore.conf import places, registry
from eventstore.places import Holds, Kind, Register, read
from eventstore.places.register import UnknownPlace, WrongRegister
from eventstore.publishing.topics import topic_of as feed_of
from eventstore.snapshots.record import topic_of as snapshots_of
from scripts.launcher.places import FILES, FOLDERS, KEPT
from scripts.places import PAGE, page, project_register
from tests.guards.sources import OURS, ROOT, name_of, python_files, tree_of

if TYPE_CHECKING:
    from pathlib import Path

STORE = "eventstore/places/store.toml, or teddy_es/places.toml for the project's own"
_COLUMNS = """
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%%'
"""
Columns = set[tuple[str, str]]


def registered(register: Register, database: str | None = None) -> Columns:
    """Table and column of each part, of one database or of all."""
    return {
        (place.name, column)
        for place in register.of_kind(Kind.TABLE)
        if database is None or database in place.databases
        for column in place.parts
    }


def of_models() -> Columns:
    """What Django's models say, of all apps; and the table of migrations, which has no app."""
    return {
        (str(model._meta.db_table), str(field.column))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if field.column is not None
    }


def of_database(alias: str) -> Columns:
    """What is there once all migrations have run."""
    with connections[alias].cursor() as cursor:
        cursor.execute(_COLUMNS)
        return set(cursor.fetchall())


def compare(found: Columns, known: Columns) -> None:
    missing, gone = sorted(found - known), sorted(known - found)
    assert not missing, (
        f"{missing}: say in {STORE}, what each may hold of a person and why, and how an erasure reaches its table;"
        " then `python -m scripts.places`."
    )
    assert not gone, f"{gone} are no more: take them out of {STORE}."


def test_every_column_of_the_models_is_in_the_register() -> None:
    migrations = {c for c in registered(places()) if c[0] == "django_migrations"}

    compare(of_models(), registered(places()) - migrations)


@pytest.mark.django_db(databases="__all__")
def test_every_column_of_the_databases_is_in_the_register() -> None:
    for alias in connections:
        compare(of_database(alias), registered(places(), alias))


def test_a_place_is_in_a_database_that_there_is() -> None:
    named = {name for place in places().places for name in place.databases}
    assert named == set(connections)


def test_every_topic_is_in_the_register() -> None:
    kinds = registry().stream_types
    names = {known.topic for known in kinds.values()}
    names |= {snapshots_of(kind) for kind in kinds}
    names |= {feed_of(f"{kind}.1") for kind in kinds}

    for name in names:
        places().topic(name)
    patterns = {places().topic(name).name for name in names}
    assert patterns == {place.name for place in places().of_kind(Kind.TOPIC)}


def test_topics_are_named_in_these_files_alone() -> None:
    """Whoever names topics of another kind writes where the register does not look."""
    found = {
        name_of(path)
        for path in python_files("eventstore", "teddy_es", "audit")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and node.attr == "create"
        and ast.unparse(node.value).endswith("log")
        and not name_of(path).startswith("eventstore/testing/")
    }

    assert found == {"eventstore/log/topics.py", "eventstore/upkeep/restore/run.py"}, (
        f"{found}: a new kind of topic has its line in {STORE}, and its name in test_every_topic_is_in_the_register."
    )


def test_every_name_of_a_data_directory_is_in_the_register() -> None:
    patterns = [place.name for place in places().of_kind(Kind.FILE)]

    for name in (*FOLDERS, *FILES, *KEPT):
        assert any(pattern.startswith(name) for pattern in patterns), name


def writers() -> set[str]:
    """The files in which something is written to a disk: by a path's methods, `open`, `os.open` or `tempfile`."""
    return {
        name_of(path)
        for path in python_files(*OURS)
        if not name_of(path).startswith("scripts/mutating/")  # a developer's tool
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and _writes(node)
    }


def _writes(call: ast.Call) -> bool:
    named = call.func
    name = named.attr if isinstance(named, ast.Attribute) else ""
    name = named.id if isinstance(named, ast.Name) else name
    if name in {"write_text", "write_bytes", "mkstemp", "mkdtemp"}:
        return True
    if name.endswith(("TemporaryFile", "TemporaryDirectory")):
        return True
    if name != "open" or "devnull" in ast.unparse(call):
        return False
    texts = [
        node.value if isinstance(node, ast.Constant) else ast.unparse(node)
        for argument in (*call.args, *(word.value for word in call.keywords))
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant | ast.Attribute)
    ]
    modes = {text for text in texts if isinstance(text, str)}
    return bool(modes & {"w", "wb", "a", "ab", "x", "xb", "w+", "os.O_CREAT"})


def test_every_writer_of_files_is_in_the_register() -> None:
    known = {name for place in places().places for name in place.by}
    # the launcher's processes and programs that others wrote, which write as they are told by these
    told = {name for name in known if name.startswith("scripts/")}

    assert not writers() - known, (
        f"{sorted(writers() - known)} write files: name what, and what of a person is in it, in {STORE} (`by`)."
    )
    assert not known - writers() - told, f"{sorted(known - writers())} write nothing."
    assert all((ROOT / name).exists() for name in known)


def test_the_page_says_what_the_register_says() -> None:
    assert PAGE.read_text("utf-8") == page(project_register()), (
        "docs/PLACES.md is not the register's: python -m scripts.places"
    )


def test_the_page_is_made_of_what_the_settings_name() -> None:
    assert project_register() == places()


def test_what_is_clear_of_a_subject_is_nowhere_but_in_what_the_reason_excuses() -> None:
    """Every exception is in this list, so that a new one is seen by whoever reviews it."""
    clear = {
        (place.name, part.name)
        for place in places().about_subjects()
        for part in place.parts.values()
        if part.holds is Holds.CLEAR
    }

    assert clear == {
        ("eventstore_subscriptionaction", "reason"),
        ("eventstore_subscriptionaction", "done_by"),
    }


# ---- it can fail


def test_a_column_that_nobody_registered_is_found() -> None:
    known = registered(places())

    with pytest.raises(AssertionError, match="diary"):
        compare({*known, ("eventstore_event", "diary")}, known)
    with pytest.raises(AssertionError, match="no more"):
        compare(known - {("eventstore_event", "position")}, known)


def test_a_file_or_topic_that_nobody_registered_is_found() -> None:
    with pytest.raises(UnknownPlace):
        places().file("tmp/core.1234")
    with pytest.raises(UnknownPlace):
        places().topic("diary.child")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[table.t]\nwhat = "w"', "no column"),
        ('[table.t]\nwhat = "w"\n[table.t.sealed]\nc = "why"', "about a subject"),
        ('[table.t]\nwhat = "w"\n[table.t.clear]\nc = ""', "no reason"),
        ('[table.t]\nwhat = "w"\nsubject = "s"\n[table.t.none]\nc = ""', "together"),
        ('[table.t]\nwhat = "w"\ncolour = 1\n[table.t.none]\nc = ""', "colour"),
        ('[table.t]\nwhat = "w"\n[table.t.none]\nc = ""\n[table.t.pseudonym]\nc = "x"', "twice"),
        ('[table.eventstore_event]\nwhat = "w"\n[table.eventstore_event.none]\nc = ""', "twice"),
        ('[shelf.s]\nwhat = "w"', "there are"),
    ],
)  # fmt: skip
def test_a_register_that_cannot_mean_what_it_says_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "places.toml"
    file.write_text(text)

    with pytest.raises(WrongRegister, match=why):
        read([file])

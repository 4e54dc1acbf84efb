"""Migrations: none is missing, and a released one is never edited."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.guards.sources import ROOT, name_of

RELEASED = Path(__file__).parent / "migrations.txt"
APPS = ("eventstore", "eventstore/keys", "audit", "audit/people", "teddy_es")


def migrations() -> dict[str, str]:
    """SHA-256 of every migration, by path."""
    return {
        name_of(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for app in APPS
        for path in sorted((ROOT / app / "migrations").glob("[0-9]*.py"))
    }


def released() -> dict[str, str]:
    """SHA-256 of every released migration, by path."""
    rows = (line.split() for line in RELEASED.read_text("utf-8").splitlines())
    return {row[0]: row[1] for row in rows if row and not row[0].startswith("#")}


@pytest.mark.django_db(databases=["default", "keys"])
def test_the_models_have_no_change_without_a_migration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    except SystemExit:
        pytest.fail(
            f"Run ./teddy manage makemigrations and commit what it writes:\n{capsys.readouterr().out}"
        )


def test_released_migrations_are_as_they_were() -> None:
    found = migrations()

    changed = [name for name, digest in released().items() if found.get(name) != digest]
    assert not changed, (
        f"{changed}: databases out there were made by these as they were. Put them back and write a further migration."
    )

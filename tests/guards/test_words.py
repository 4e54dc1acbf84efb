"""The core knows no domain, nothing prints, and nothing is left to do later."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.guards.sources import OURS, ROOT, name_of, python_files, tree_of

DOMAIN_WORDS = re.compile(
    r"(?<![a-z])(child|children|teddy|bear|parent_id|parents)(?![a-z])",
    re.IGNORECASE,
)
# (file, line as it stands, reason). A reason that no longer applies fails too.
ALLOWED = {
    ("eventstore/exchange/cloudevents.py", "application/vnd.teddy.sealed+json"): (
        "the media type is part of the public interchange format"
    ),
    ("eventstore/appender/thread.py", "forked child"): (
        "the operating system's word for a forked process"
    ),
    ("eventstore/appender/thread.py", "after_in_child"): (
        "the name of an argument of os.register_at_fork"
    ),
    ("eventstore/api/feed/process.py", "after_in_child"): (
        "the name of an argument of os.register_at_fork"
    ),
    ("eventstore/checks/system.py", "TEDDY_LOG"): (
        "the check names the variable that an operator sets"
    ),
    ("eventstore/checks/system.py", "TEDDY_PARTITIONS"): (
        "the check names the variable that an operator sets"
    ),
    ("eventstore/api/checks.py", "TEDDY_RATE_"): (
        "the check names the variables that an operator sets"
    ),
    ("eventstore/checks/keys.py", "TEDDY_"): (
        "the check names the variables that an operator sets"
    ),
    ("eventstore/management/commands/rotate_keys.py", "TEDDY_KEK"): (
        "the refusal names the variable that an operator sets"
    ),
    ("eventstore/management/commands/rotate_keys.py", "transit/keys/teddy"): (
        "the help shows the command with the key's default name"
    ),
    ("eventstore/log/partitioning.py", "TEDDY_PARTITIONS"): (
        "the refusal names the variable that an operator sets"
    ),
    ("eventstore/log/topics.py", "TEDDY_PARTITIONS"): (
        "the refusal names the variable that an operator sets"
    ),
}

LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# What the launcher and git hooks tell people goes to standard output; a command writes to self.stdout.
MAY_PRINT = ("scripts/",)
SUFFIXES = {".py", ".sql", ".html", ".txt", ".css", ".js"}


def texts_of(*folders: str) -> list[tuple[str, int, str]]:
    """File, line number and line of every text file below these folders."""
    return [
        (name_of(path), number, line)
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]


def test_the_core_knows_no_domain() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, number, line in texts_of("eventstore")
        if DOMAIN_WORDS.search(
            _without_allowed(name, line),
        )
    ]

    assert not found, (
        "eventstore serves any domain and may not name ours. Say it in general words (stream, subject, order), hand"
        f" it in as an argument, or move it to teddy_es: {found}"
    )


@pytest.mark.parametrize(("name", "phrase"), ALLOWED)
def test_an_allowed_word_is_still_needed(name: str, phrase: str) -> None:
    assert phrase in (ROOT / name).read_text("utf-8"), (
        f"{name} no longer says {phrase!r}: take the line out of ALLOWED in tests/guards/test_words.py."
    )


def test_nothing_prints() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*OURS)
        if not name_of(path).startswith(MAY_PRINT)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "pprint"}
    ]

    assert not found, (
        f"{found}: log it (structlog), or in a command write to self.stdout."
    )


def test_nothing_is_left_to_do_later() -> None:
    here = name_of(Path(__file__))
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, number, line in texts_of(
            *OURS, "tests", "templates", "docs", "examples"
        )
        if LATER.search(line) and name != here
    ]

    assert not found, f"Do it now, or file an issue and say nothing here: {found}"


def _without_allowed(name: str, line: str) -> str:
    for allowed_name, phrase in ALLOWED:
        if name == allowed_name:
            line = line.replace(phrase, "")
    return line

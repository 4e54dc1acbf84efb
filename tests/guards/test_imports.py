"""Who may know whom: the contracts of pyproject.toml hold, and they would notice if they did not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.guards.sources import OURS, ROOT, name_of, python_files

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "from importlinter.cli import lint_imports_command; lint_imports_command()"
PACKAGES = ("eventstore", "audit", "teddy_es")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of a folder."""
    return subprocess.run(  # noqa: S603  (our own interpreter, fixed arguments)
        [sys.executable, "-c", COMMAND, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, to plant something in."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "static"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_import_contracts_hold() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, (
        "An import breaks a contract of pyproject.toml, or a new file has no place in them yet:\n"
        f"{result.stdout}{result.stderr}"
    )


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in python_files(*OURS, "tests")}
    bare = {name_of(one) for one in folders if not (one / "__init__.py").exists()}

    assert not bare, (
        f"{sorted(bare)} lack an __init__.py: Python finds them, but lint-imports holds no contract against what is in"
        " them."
    )


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("eventstore/protocol/fold.py", "import random", "The fold reads no clock"),
        ("eventstore/events.py", "import django", "know no framework"),
        (
            "eventstore/errors/branches.py",
            "import eventstore.events",
            "Inside eventstore",
        ),
        ("eventstore/protocol/codec.py", "import kafka", "Only eventstore.log.kafka"),
        (
            "eventstore/checks/system.py",
            "import teddy_es.apps",
            "eventstore stands alone",
        ),
        ("audit/apps.py", "import eventstore.models", "Nobody imports the models"),
        (
            "teddy_es/domain/child.py",
            "import eventstore.protocol.codec",
            "The domain knows",
        ),
        ("eventstore/new_room.py", "", "Inside eventstore"),
    ],
    ids=lambda value: value or "nothing",
)
def test_a_planted_wrong_import_is_found(
    copy: Path, file: str, line: str, contract: str
) -> None:
    with (copy / file).open("a") as source:
        source.write(f"\n{line}\n")

    result = lint_imports(copy)

    assert result.returncode != 0, f"{line!r} in {file} was not noticed."
    broken = [
        text for text in result.stdout.splitlines() if text.strip().endswith("BROKEN")
    ]
    assert any(contract in text for text in broken) or contract in result.stdout, (
        f"{line!r} in {file} broke {broken}, and not the contract {contract!r}."
    )

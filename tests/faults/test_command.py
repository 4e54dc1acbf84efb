"""`torture`: what it refuses, and what it needs, before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from scripts.launcher.commands.manage import wants_brokers

if TYPE_CHECKING:
    from pathlib import Path


def test_a_directory_that_is_there_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Name a new directory"):
        call_command("torture", keep=tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "brokers"),
    [
        (["torture", "--log", "kafka", "--nodes", "3"], True),
        (["torture", "--log=kafka"], True),
        (["torture", "--log", "embedded"], False),
        (["verify"], False),
    ],
)
def test_the_launcher_brings_java_along_where_it_starts_brokers(
    arguments: list[str], *, brokers: bool
) -> None:
    assert wants_brokers(arguments) is brokers

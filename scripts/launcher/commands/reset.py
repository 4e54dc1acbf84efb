"""`./teddy reset`: remove the data."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble, note, say
from scripts.launcher.identity import state_of
from scripts.launcher.places import HOME, DataDirectory

if TYPE_CHECKING:
    from argparse import Namespace


def reset(options: Namespace) -> int:
    """Ask, then remove; the environment and the jars stay, for they are no data."""
    data = DataDirectory(options.data or HOME)
    if not data.state:
        say(f"There is no data in {data}.")
        return 0
    with data.owned():
        if not options.yes and not _confirmed(data):
            note("Nothing was removed.")
            return 1
        data.wipe()
        elsewhere = state_of(data.path / "postgres")
        if elsewhere.exists():
            shutil.rmtree(elsewhere)
    say(f"Removed the data in {data}.")
    return 0


def _confirmed(data: DataDirectory) -> bool:
    if not sys.stdin.isatty():
        raise Trouble("This removes data and nobody is here to be asked: add --yes.")
    answer = input(f"Remove all events and settings in {data}? Type yes: ")
    return answer.strip().lower() == "yes"

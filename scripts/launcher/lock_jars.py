"""Pin the hashes of the jars that java.COORDINATES names; scripts/lock calls this."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from scripts.launcher import environment
from scripts.launcher.console import Trouble, say
from scripts.launcher.java import LOCK, collect, sums


def main() -> None:
    """Fetch them anew and write their lock."""
    python = environment.ensure("kafka")
    with tempfile.TemporaryDirectory() as cache:
        jars = Path(cache) / "jars"
        collect(python, Path(cache), jars)
        LOCK.write_text(sums(jars))
    say(f"{LOCK.name}: {len(LOCK.read_text().splitlines())} jars")


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"scripts/lock: {trouble}")

"""The demo data: real conversations, imported through the front door at the first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble, note
from scripts.launcher.processes import ended, exit_code, last_words, spawn
from scripts.launcher.stack import MANAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scripts.launcher.places import DataDirectory

CONVERSATIONS = 200


def import_demo(data: DataDirectory, python: Path, env: Mapping[str, str]) -> None:
    """Import it once. An interrupted import begins again, which changes nothing twice."""
    if data.state.get("demo"):
        return
    note(f"Importing {CONVERSATIONS} conversations")
    folder = data.path / "tmp"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "demo.ndjson"
    count = ["--conversations", str(CONVERSATIONS)]
    _step(data, env, [python, MANAGE, "demo", *count, "--output", file])
    _step(data, env, [python, MANAGE, "import_events", file])
    file.unlink()
    data.write_state(demo=True)


def _step(
    data: DataDirectory, env: Mapping[str, str], command: list[str | Path]
) -> None:
    log = data.path / "logs" / "demo.log"
    step = spawn("The demo data", command, env=env, log=log)
    with ended(step):
        code = exit_code(step.process.wait())
    if code:
        raise Trouble(
            f"Importing the demo data failed: {last_words(log)}; "
            "./teddy up --no-demo starts without it.",
            exit_code=code,
        )

"""The demo data: households with real conversations, put there through the front door at the first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble, note
from scripts.launcher.processes import ended, exit_code, last_words, spawn
from scripts.launcher.stack import MANAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scripts.launcher.places import DataDirectory


def import_demo(data: DataDirectory, python: Path, env: Mapping[str, str]) -> None:
    """Once. Who was interrupted begins again, which changes nothing twice."""
    if data.state.get("demo"):
        return
    note("Making the demo's households, with real conversations")
    _step(data, env, [python, MANAGE, "demo_town"])
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
            f"Making the demo data failed: {last_words(log)}; "
            "./teddy up --no-demo starts without it.",
            exit_code=code,
        )

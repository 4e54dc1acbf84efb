"""Watch what was started: the first child that ends decides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble
from scripts.launcher.processes import Child, exit_code, last_words

if TYPE_CHECKING:
    from collections.abc import Sequence

POLL_S = 0.2


def watch(children: Sequence[Child]) -> None:
    """Return never: raise when a child ends, or when a signal raises `Stopped`.

    Whoever called stops the others, in the reverse order of their start.
    """
    while True:
        for child in children:
            code = child.process.poll()
            if code is not None:
                raise Trouble(
                    f"{child.name} ended with exit code {exit_code(code)}: "
                    f"{last_words(child.log)}",
                    # Ended without an error is an error too: it should run for ever.
                    exit_code=exit_code(code) or 1,
                )
        time.sleep(POLL_S)

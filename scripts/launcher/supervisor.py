"""Watch what was started: what all stands on ends all; a service that ends is started anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble
from scripts.launcher.processes import Child, exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scripts.launcher.services import Service

POLL_S = 0.2


def watch(
    children: Sequence[Child],
    services: Sequence[Service] = (),
    changed: Callable[[], None] = lambda: None,
) -> None:
    """Return never: raise when one of `children` ends, or when a signal raises `Stopped`.

    `services` are started anew; `changed` is called whenever one ended or was started.
    Whoever called stops the others, in the reverse order of their start.
    """
    while True:
        require_alive(children)
        looked = [service.look() for service in services]
        if any(looked):
            changed()
        time.sleep(POLL_S)


def require_alive(children: Sequence[Child]) -> None:
    """Raise if one has ended: nothing can go on without it."""
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise Trouble(
                f"{child.name} ended with {child.how_it_ended()}",
                # Ended without an error is an error too: it should run for ever.
                exit_code=exit_code(code) or 1,
            )

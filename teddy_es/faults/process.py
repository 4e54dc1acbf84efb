"""The campaign's processes: `python -m teddy_es.faults.process TASK JSON`, in the environment that the world gives."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from collections.abc import Callable


def main(arguments: list[str]) -> None:
    """Set Django up and do the task until SIGTERM or its end."""
    task, settings = arguments[0], json.loads(arguments[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    django.setup()
    _tasks()[task](stop=stop, **settings)


def _tasks() -> dict[str, Callable[..., Any]]:
    # imported here: they need Django's settings
    from teddy_es.faults import eraser, follower, loader, reader, resolver, writer

    return {
        "write": writer.write,
        "read": reader.read,
        "load": loader.load,
        "erase": eraser.erase,
        "finish_erasing": eraser.finish,
        "resolve": resolver.resolve,
        "follow": follower.follow,
        "await_followers": follower.await_followers,
    }


if __name__ == "__main__":
    main(sys.argv[1:])

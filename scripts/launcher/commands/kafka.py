"""`./teddy kafka`: brokers and nothing else, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.launcher import environment, java
from scripts.launcher.broker import Cluster
from scripts.launcher.console import note, say
from scripts.launcher.places import HOME, locked, require_ours
from scripts.launcher.supervisor import watch

if TYPE_CHECKING:
    from argparse import Namespace


def kafka(options: Namespace) -> int:
    """Start them, say where, watch them. Their data stays for the next time."""
    root = options.data or HOME
    folder = root.absolute() / "brokers" / str(options.nodes)
    require_ours(*(place for place in (root, folder.parent, folder) if place.exists()))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder / "lock", f"Brokers run on {folder} already"):
        runtime = java.provide(environment.ensure("kafka"), choice=options.java)
        note(f"Starting {options.nodes} broker(s)")
        cluster = Cluster(folder, runtime, nodes=options.nodes, port=options.port)
        try:
            cluster.start()
            say(cluster.bootstrap)
            note(f"Their data is in {folder}. Ctrl-C stops them.")
            watch(cluster.children)
        finally:
            cluster.stop()
    return 0

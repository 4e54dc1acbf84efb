#!/usr/bin/env bash
# kombu's filesystem transport makes the file of a message before it writes it and takes its lock after that, so a
# consumer in between finds a message of zero bytes and takes it away for good. Then `Connection.drain_events` raises a
# JSONDecodeError, which is neither among `connection_errors` nor `channel_errors`: it ends a loop that recovers from those.
#
# Needs Python 3.9 or later and pip. Installs into a temporary folder and removes it. Exit code 0: behaves as described;
# 1: behaves otherwise by now.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'kombu==5.7.0'

cat > show.py <<'PYTHON'
import json
import os
import platform
import sys
import threading
from importlib.metadata import version
from pathlib import Path

from kombu import Connection, Exchange, Queue
from kombu.transport import filesystem

QUEUE = Queue("letters", Exchange("letters"), routing_key="letters")
BEFORE_THE_LOCK, GO_ON = threading.Event(), threading.Event()
real_lock = filesystem.lock


def connection():
    options = {"data_folder_in": "in", "data_folder_out": "in", "control_folder": "control"}
    return Connection("filesystem://", transport_options=options)


def slow_lock(file, flags):
    """The producer is interrupted here, as the operating system may: between open() and flock()."""
    if file.name.endswith(".letters.msg"):
        BEFORE_THE_LOCK.set()
        assert GO_ON.wait(30)
    real_lock(file, flags)


def produce():
    with connection() as conn:
        conn.Producer().publish({"hello": "world"}, exchange=QUEUE.exchange, routing_key="letters", declare=[QUEUE])


def main():
    print(f"Python {platform.python_version()}, kombu {version('kombu')}, {platform.system()}")
    Path("in").mkdir()
    Path("control").mkdir()
    filesystem.lock = slow_lock
    producer = threading.Thread(target=produce)
    with connection() as conn:
        QUEUE(conn.default_channel).declare()
        producer.start()
        assert BEFORE_THE_LOCK.wait(30)
        sizes = [file.stat().st_size for file in Path("in").glob("*.msg")]
        print("before the producer has its lock, the folder holds messages of these bytes:", sizes)
        raised = None
        with conn.Consumer(QUEUE, callbacks=[lambda body, message: print("received", body)]):
            try:
                conn.drain_events(timeout=2)
            except Exception as error:  # whichever it is by now
                raised = error
        recoverable = isinstance(raised, conn.connection_errors + conn.channel_errors)
    GO_ON.set()
    producer.join()
    print("drain_events raised:", type(raised).__name__, "- recoverable:", recoverable)
    left = [file.name for file in Path("in").glob("*.msg")]
    print("messages left when the producer had returned without an error:", len(left))
    as_described = sizes == [0] and isinstance(raised, json.JSONDecodeError) and not recoverable and not left
    print("as described" if as_described else "BEHAVES OTHERWISE BY NOW")
    return 0 if as_described else 1


sys.exit(main())
PYTHON
TMPDIR="$folder" venv/bin/python show.py

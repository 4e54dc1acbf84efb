"""gunicorn's settings: `gunicorn -c deploy/gunicorn.conf.py teddy_es.wsgi`. Address and workers: its command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.multiprocess import mark_process_dead

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

# An append waits for the log, not for the processor: threads. Each process has one appender thread of its own.
# A thread is given to a request when it is there, not to whoever sends half of one.
worker_class = "teddy_es.web_worker.GatheringWorker"
# Who follows the feed has threads besides (TEDDY_FOLLOWERS), which hold no connection to the database while they wait.
workers = 2
threads = 8
# As much as the proxy takes, too: a cursor of the feed names each partition.
limit_request_line = 8190

# A worker that is replaced while commits wait in it makes their outcome unknown, so none is replaced for its age.
max_requests = 0
graceful_timeout = 30  # longer than the append's own time-out, so that waiting commits get their answer
timeout = 60

# Fork first, load later: connections, threads and metric files belong to one process each.
preload_app = False
control_socket_disable = True  # its default place is a folder in the home directory

_REFUSED = 3  # teddy_es.startup
_metrics = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")  # noqa: TID251  (before any Django setting is there)


def on_starting(_server: Arbiter) -> None:
    """Make the metrics' directory, and look whether production may begin. What is in it stays: the mirror writes there too."""
    if _metrics:
        Path(_metrics).mkdir(parents=True, exist_ok=True)
    if os.environ.get("TEDDY_MODE") == "production":  # noqa: TID251
        _refuse_unsafe_start()


def _refuse_unsafe_start() -> None:
    """End with the exit code that is promised before any worker is there.

    Each worker looks, too; but where a second one ends while gunicorn halts for the first, gunicorn ends with a traceback and
    exit code 1.
    """
    others = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}  # noqa: TID251
    looked = [sys.executable, "-c", "import teddy_es.wsgi"]
    if subprocess.run(looked, env=others, check=False).returncode == _REFUSED:  # noqa: S603  (our own)
        sys.exit(_REFUSED)


def post_worker_init(worker: Worker) -> None:
    """Answer probes on a listener of their own, whatever the threads that make pages do; give threads to who follows the feed; refuse in problem details what is no request."""
    from eventstore.api import outside
    from eventstore.api.feed import process
    from eventstore.api.feed.hangups import hangups
    from eventstore.conf import conf
    from teddy_es.probes import serve

    worker.serve_followers(conf.FOLLOWERS, process.end, hangups.tell)
    worker.answer_no_request_by(outside.no_request)
    serve()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Take a dead worker's share out of the gauges that count the living."""
    if _metrics:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

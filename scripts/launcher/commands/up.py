"""`./teddy up`: everything, until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.launcher import accounts, environment
from scripts.launcher.console import TO_TELL, Trouble, note, say
from scripts.launcher.demo import import_demo
from scripts.launcher.places import CHECKOUT, HOME, DataDirectory
from scripts.launcher.ports import free_port, is_free, is_ours_to_take
from scripts.launcher.processes import run, spawn, wait_until
from scripts.launcher.services import Service
from scripts.launcher.stack import (
    MANAGE,
    Ground,
    django_environment,
    ground,
    settle_log,
)
from scripts.launcher.supervisor import require_alive, watch

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

READY_S = 60
# One machine, one worker: there is nobody to gossip with.
WORKER = (
    *("--concurrency", "2", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)
BEAT = ("--scheduler", "celery.beat:Scheduler", "--loglevel", "WARNING", "--pidfile=")


def up(options: Namespace) -> int:
    """Start in order, each when the one before it is ready; stop in reverse.

    1. the lock of the data directory, the port, the packages
    2. PostgreSQL, then the broker
    3. tables, topics, static files, passwords, demo data
    4. mirror, worker, beat and who follows the log, then web
    A failure or a signal anywhere stops what runs. The next start repeats every step
    that is not known to be done; each may be repeated.
    """
    data = DataDirectory(options.data or HOME)
    data.make()
    with data.owned(), data.listed():  # 1
        port = _port(options.port)
        log = settle_log(data, "kafka" if options.kafka else None)
        level = "kafka" if log == "kafka" else "quickstart"
        python = environment.ensure(level)
        with ground(data, python, log=log, java_choice=options.java) as base:  # 2
            env = django_environment(data, python, base)
            _tell(data, base)
            passwords = accounts.passwords()
            secret = {**env, **accounts.as_environment(passwords)}
            prepare(data, python, secret, "quickstart_admin")  # 3
            if options.demo:
                import_demo(data, python, env)
            with _services(data, python, env, port, base) as services:  # 4
                told = partial(_tell, data, base, services=services, port=port)
                told()
                _announce(data, base, port, passwords)
                watch(base.children, services, told)
    return 0


def prepare(
    data: DataDirectory, python: Path, env: Mapping[str, str], *more: str
) -> None:
    """Bring tables, topics and static files to what this checkout needs."""
    metrics = Path(env["PROMETHEUS_MULTIPROC_DIR"])
    shutil.rmtree(metrics, ignore_errors=True)  # the counters of processes long gone
    metrics.mkdir(mode=0o700)
    Path(env["TEDDY_TASKS"]).mkdir(mode=0o700, exist_ok=True)
    note("Preparing tables, topics and static files")
    keys = ["migrate_keys", "check_keys"]
    names = ["migrate", *keys, "create_topics", "collectstatic", *more]
    command = [str(python), "-m", "scripts.launcher.prepare", *names]
    log = data.path / "logs" / "setup.log"
    said = run(command, env=env, what="Preparing", log=log, cwd=CHECKOUT)
    for line in said.splitlines():
        if line.startswith(TO_TELL):
            note(f"teddy: {line.removeprefix(TO_TELL)}")
    data.write_state(prepared=True)


def _port(wanted: int) -> int:
    if wanted == 0:
        return free_port()
    if not is_ours_to_take(wanted):
        raise Trouble(
            f"Port {wanted} is the system's, and you may not open it: "
            f"./teddy up --port {free_port(preferred=8000)}"
        )
    if not is_free(wanted):
        raise Trouble(
            f"Port {wanted} is taken. Stop what uses it, "
            f"or: ./teddy up --port {free_port(preferred=wanted + 1)}"
        )
    return wanted


@contextmanager
def _services(
    data: DataDirectory, python: Path, env: Mapping[str, str], port: int, base: Ground
) -> Iterator[list[Service]]:
    """Mirror, worker, beat, subscriptions and web, for as long as the block runs.

    Only the web must come up for the block to begin; the others are started anew until they do.
    """
    note("Starting mirror, worker, beat, subscriptions and web")
    celery: list[str | Path] = [python, "-m", "celery", "--app", "teddy_es.celery"]
    commands: dict[str, list[str | Path]] = {
        "mirror": [python, MANAGE, "mirror"],
        "worker": [*celery, "worker", *WORKER],
        "beat": [*celery, "beat", *BEAT],
        "subscriptions": [python, MANAGE, "subscriptions", "run"],
        "web": _web(data, python, port),
    }
    services = []
    with ExitStack() as stack:
        for name, command in commands.items():
            log = data.path / "logs" / f"{name}.log"
            # Longer than the time that gunicorn gives to commits that wait for their answer.
            grace_s = 35 if name == "web" else 10
            spawned = partial(
                spawn, name, command, env=env, log=log, cwd=CHECKOUT, grace_s=grace_s
            )
            service = Service(name, spawned)
            stack.callback(service.stop)
            service.start()
            services.append(service)
        _wait_for_web(services, base, port)
        yield services


def _wait_for_web(services: list[Service], base: Ground, port: int) -> None:
    """Until /readyz says yes. The others may end and be started anew meanwhile."""
    *others, web = services
    probe = _Readiness(port)

    def ready() -> bool:
        require_alive(base.children)
        for service in others:
            service.look()
        return probe()

    if web.child is None:
        raise Trouble("web was not started.")
    try:
        wait_until(ready, web.child, timeout_s=READY_S)
    except Trouble as trouble:
        raise Trouble(
            f"{trouble}{probe.last}", exit_code=trouble.exit_code
        ) from trouble


def _web(data: DataDirectory, python: Path, port: int) -> list[str | Path]:
    temporary = data.path / "tmp"
    temporary.mkdir(mode=0o700, exist_ok=True)
    settings = ["-c", str(CHECKOUT / "deploy" / "gunicorn.conf.py")]
    # Its heartbeat files would otherwise lie outside the data directory.
    place = ["--worker-tmp-dir", str(temporary), "--chdir", str(CHECKOUT)]
    bind = ["--bind", f"127.0.0.1:{port}"]
    options = [*settings, *place, *bind]
    return [python, "-m", "gunicorn", *options, "teddy_es.wsgi"]


class _Readiness:
    """Ask /readyz, and keep the last no for who wants to know why."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/readyz"
        self.last = ""

    def __call__(self) -> bool:
        try:
            # No proxy of the caller's environment stands between us and loopback.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(self.url, timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            self.last = f"; /readyz said {error.code}: {error.read(300).decode()}"
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            self.last = f"; /readyz: {error}"
        return False


def _tell(
    data: DataDirectory,
    base: Ground,
    *,
    services: Sequence[Service] = (),
    port: int | None = None,
) -> None:
    """Tell `status` and `manage` what runs; the file is for us only, as it has the URL."""
    pids = {"teddy": os.getpid(), **base.pids()}
    pids |= {one.name: one.child.pid for one in services if one.child is not None}
    data.write_runtime(
        command="up",
        pids=pids,
        database_url=base.database_url,
        keys_database_url=base.keys_database_url,
        postgresql=base.postgresql,
        bootstrap=base.bootstrap,
        web_url=f"http://127.0.0.1:{port}/" if port else None,
        services={
            one.name: {"restarts": one.restarts, "last_exit": one.last_exit}
            for one in services
        },
    )


def _announce(
    data: DataDirectory, base: Ground, port: int, passwords: dict[str, str]
) -> None:
    where = f"Kafka at {base.bootstrap}" if base.bootstrap else "embedded in PostgreSQL"
    say(f"Teddy ES is at http://127.0.0.1:{port}/admin/")
    for line in accounts.as_lines(passwords):
        say(line)
    say(f"  API       http://127.0.0.1:{port}/api/v1/, described at /api/v1/docs")
    say(f"  log       {where}")
    say(f"  data      {data}, logs in its folder logs/")
    say("Ctrl-C stops it and keeps the data.")

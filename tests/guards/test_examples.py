"""What the examples build on is what their README says, and what this project itself is tested with."""

from __future__ import annotations

import json
import re

import pytest

from scripts.launcher.java import KAFKA_VERSION
from tests.guards.sources import ROOT

EXAMPLES = ROOT / "examples" / "producers"
README = (EXAMPLES / "README.md").read_text("utf-8")
FORMAT = (ROOT / "docs" / "RECORD_FORMAT.md").read_text("utf-8")


def versions() -> dict[str, str]:
    """Each client and its version, where the example's tools read it."""
    go = (EXAMPLES / "go" / "go.mod").read_text("utf-8")
    node = json.loads((EXAMPLES / "node" / "package.json").read_text("utf-8"))
    ours = (ROOT / "pyproject.toml").read_text("utf-8")
    return {
        "franz-go": re.findall(r"twmb/franz-go v(\S+)", go)[0],
        "kafkajs": node["dependencies"]["kafkajs"],
        "kafka-python": re.findall(r'"kafka-python\[.*?\]==([\d.]+)"', ours)[0],
        "Kafka's own,": KAFKA_VERSION,
    }


@pytest.mark.parametrize("client", versions())
def test_the_readme_names_the_version_that_is_run(client: str) -> None:
    assert f"{client} {versions()[client]}" in README


@pytest.mark.parametrize("client", ["franz-go", "kafkajs", "kafka-python"])
def test_the_formats_tables_are_of_the_version_that_is_run(client: str) -> None:
    found = set(re.findall(rf"(?<![-\w]){client} (\d[\d.]*\d)", FORMAT))

    assert found == {versions()[client]}, (
        f"docs/RECORD_FORMAT.md speaks of {client} {sorted(found)}: measure its tables again, then change both."
    )


@pytest.mark.parametrize("name", ["propose", "hash_records"])
def test_what_python_is_told_to_install_is_what_is_tested(name: str) -> None:
    text = (EXAMPLES / "python" / f"{name}.py").read_text("utf-8")

    assert f'kafka-python[snappy,crc32c]=={versions()["kafka-python"]}"' in text


def test_the_lock_of_the_example_for_node_names_no_registry() -> None:
    lock = (EXAMPLES / "node" / "package-lock.json").read_text("utf-8")

    assert "resolved" not in lock, (
        "Write it with npm install --package-lock-only --omit-lockfile-registry-resolved."
    )

"""The whole API by chance, from its schema: whatever is asked, the answer is one that the schema says, and never a 5xx.

`--api-cases 20000 --api-phases examples,coverage,fuzzing,stateful --api-seed S` for a long run (with `-s` it says how many there were).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from eventstore.api.feed.sse import Pace
from eventstore.api.feed.view import FeedView
from eventstore.api.openapi.whole import whole
from tests.support.families import Families, handle
from tests.support.narrowed import narrowed

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.store import EventStore
    from tests.plugins.outside import Installation

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

LONGEST_S: Final = 4 * 3600
_CASES: Final = re.compile(r"(\d+) (?:test cases )?generated")
# Data that fits the schema is taken, but where the schema cannot say all: cursors, two parameters that contradict each other,
# an event of another stream's type. Then these.
CONFIGURATION: Final = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "410", "429"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "429", "431"]

[[operations]]
include-operation-id = "append_events"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", "400", "403", "404", "409", "410", "413", "422"]

[[operations]]
include-operation-id = "get_state"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "422"]

[[operations]]
include-operation-id-regex = "^(read_events|list_.*|follow|get_child)$"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "422"]
"""


def test_whatever_is_asked_the_answer_is_one_that_the_schema_says(
    installation: Installation,
    teddy_store: EventStore,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FeedView, "pace", Pace(heartbeat_s=0.1, longest_s=0.2))
    a_family_lives_there(teddy_store)

    said, cases = schemathesis(
        installation,
        tmp_path,
        cases=pytestconfig.getoption("--api-cases"),
        phases=pytestconfig.getoption("--api-phases"),
        seed=pytestconfig.getoption("--api-seed"),
    )

    sys.stdout.write(said.stdout[-20_000:])  # seed and cases
    assert said.returncode == 0
    assert cases >= pytestconfig.getoption("--api-cases") // 2


def a_family_lives_there(store: EventStore) -> None:
    """Some streams of each kind, known to the read models."""
    families = Families(store)
    for n in ("1", "2"):
        families.allows(f"parent-{n}", f"child-{n}")
        families.registers(f"child-{n}", f"parent-{n}")
        families.talks(f"conv-{n}", f"child-{n}", "Hello, Teddy!")
        families.detects(f"child-{n}", "violation-1")
    handle()


def schemathesis(
    at: Installation, folder: Path, *, cases: int, seed: int, phases: str
) -> tuple[subprocess.CompletedProcess[str], int]:
    """Its own command, in a process of its own: what it says, and how many cases it made."""
    schema: dict[str, Any] = narrowed(json.loads(whole()))
    operations = sum(map(len, schema["paths"].values()))
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(folder / "schemathesis.toml"), "run"]
    command += [str(folder / "schema.json"), "--url", at.url, "--no-color"]
    command += ["--header", f"Authorization: Token {at.token}", "--seed", str(seed)]
    command += ["--max-examples", str(max(1, cases // operations))]
    command += [
        "--phases",
        phases,
        "--continue-on-failure",
        "--generation-database",
        "none",
    ]
    command += ["--suppress-health-check", "all", "--request-timeout", "60"]
    done = subprocess.run(  # noqa: S603  (our own Python)
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=LONGEST_S,
        check=False,
    )
    found = _CASES.search(done.stdout)
    return done, int(found[1]) if found else 0

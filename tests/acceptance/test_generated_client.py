"""A client that nobody wrote: others' generator makes it of the committed schema, and it appends and reads."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from scripts.openapi import PAGE
from tests.support.families import handle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.plugins.outside import Installation

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

# Of what it says while it makes the client one thing is known: it has no lines of JSON. Who wants those asks without it.
LINES = "Unsupported content_type application/x-ndjson"


@pytest.fixture(scope="module")
def generated(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Any]]:
    """Import a part of the client: `generated("api.streams.get_stream")`."""
    folder = tmp_path_factory.mktemp("generated")
    made = generate(folder / "teddy_client")
    assert made.returncode == 0, made.stdout
    complaints = re.findall(r"Unsupported[^)]*|ERROR.*", made.stdout)
    assert complaints == [LINES], made.stdout
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"teddy_client.{name}")
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.startswith("teddy_client")]:
        del sys.modules[name]


@pytest.fixture
def client(
    generated: Callable[[str], Any], installation: Installation
) -> Iterator[Any]:
    """As its reader makes one."""
    given = {"token": installation.token, "prefix": "Token"}
    with generated("client").AuthenticatedClient(installation.url, **given) as made:
        yield made


def generate(folder: Path) -> subprocess.CompletedProcess[str]:
    """Into this folder, which is not there yet."""
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta"]
    command += ["none", "--path", str(PAGE), "--output-path", str(folder)]
    return subprocess.run(  # noqa: S603  (our own Python)
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_generated_client_appends_reads_and_follows(
    generated: Callable[[str], Any], client: Any
) -> None:
    models = generated("models")
    key, stream_id = str(uuid4()), "conversation.conv-1"
    spoke = {"type": "ChildSpoke", "data": {"child_id": "child-1", "text": "Hello!"}}
    begun = {"type": "ConversationStarted", "data": {"child_id": "child-1"}}
    commit = models.ProposedCommit.from_dict(
        {"expected_version": "no_stream", "events": [begun, spoke]}
    )
    append, read, follow, outcome = (
        generated(f"api.{name}").sync
        for name in (
            "streams.append_events",
            "streams.read_events",
            "feed.follow",
            "commits.get_commit",
        )
    )

    first = append(stream_id, client=client, body=commit, idempotency_key=key)
    again = append(stream_id, client=client, body=commit, idempotency_key=key)
    refused = append(stream_id, client=client, body=commit)
    page = read(stream_id, client=client, limit=10)
    told = follow(client=client, types="conversation", wait=5)
    became = outcome(first.commit_id, client=client)

    assert (first.first_version, first.last_version) == (1, 2)
    assert again == first
    assert isinstance(refused, models.Problem)
    assert (refused.code, refused.current_version) == ("wrong-expected-version", 2)
    assert [event.type_ for event in page.events] == [begun["type"], spoke["type"]]
    assert page.events[1].data["text"] == "Hello!"
    assert told.events == page.events
    assert [one.verdict for one in became.decided] == ["accepted"]


def test_a_generated_client_can_send_the_headers_that_a_call_goes_by(
    generated: Callable[[str], Any],
) -> None:
    """It would put a UUID into them as it is, which no request takes: findings/openapi-python-client-uuid-headers.sh."""
    call = generated("api.streams.append_events").sync

    headers = inspect.get_annotations(call)

    assert str(headers["idempotency_key"]) == "str | teddy_client.types.Unset"
    assert str(headers["if_match"]) == "str | teddy_client.types.Unset"


def test_a_generated_client_reads_what_a_parents_backend_shows(
    generated: Callable[[str], Any], client: Any
) -> None:
    models = generated("models")
    registered = {
        "type": "ChildRegistered",
        "data": {"parent_id": "parent-1", "name": "Mia"},
    }
    commit = models.ProposedCommit.from_dict(
        {"expected_version": "no_stream", "events": [registered]}
    )
    generated("api.streams.append_events").sync(
        "child.child-1", client=client, body=commit
    )
    handle()

    child = generated("api.children_and_parents.get_child").sync(
        "child-1", client=client
    )
    nobody = generated("api.children_and_parents.get_child").sync(
        "child-2", client=client
    )
    schema = generated("api.the_api_itself.get_schema").sync(client=client)

    assert child.fields["name"].value == "Mia"
    assert nobody.code == "not-found"
    assert schema.to_dict() == json.loads(PAGE.read_text("utf-8"))

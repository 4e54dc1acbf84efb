"""The recipes of docs/API.md, as they stand there, where answers are lost, late or refused."""

from __future__ import annotations

import ast
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.guards.snippets import LANGUAGES, blocks_of
from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOST = None  # the connection is closed without an answer
DEFINED = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Server:
    """Answers what it is told to, one after the other, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Any] | None] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        """Of what would be the API."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        """And wait for it."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                key = self.headers.get("Idempotency-Key")
                server.asked.append((self.command, self.path, key))
                told = server.answers.pop(0)
                if told is None:
                    self.close_connection = True
                    return
                status, headers, body = told
                is_raw = isinstance(body, bytes)
                written = body if is_raw else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            do_POST = do_GET  # noqa: N815  (http.server's name)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    """One that is told what to answer."""
    made = Server()
    yield made
    made.close()


@pytest.fixture
def slept() -> list[float]:
    """How long the recipes would have slept."""
    return []


@pytest.fixture
def recipes(server: Server, slept: list[float]) -> SimpleNamespace:
    """What the page defines, pointed at the server; nobody sleeps."""
    names: dict[str, Any] = {"__name__": "recipes"}
    for block in blocks_of(ROOT / "docs" / "API.md"):
        if block.needs_api and block.language in LANGUAGES:
            tree = ast.parse(block.code)
            tree.body = [node for node in tree.body if isinstance(node, DEFINED)]
            exec(compile(tree, str(block), "exec", dont_inherit=True), names)  # noqa: S102  (our own documentation)
    names |= {"API": server.url, "TOKEN": "t"}
    names["time"] = SimpleNamespace(sleep=slept.append)
    return SimpleNamespace(**names)


def problem(code: str, status: int, **headers: str) -> tuple[int, dict[str, str], Any]:
    """A refusal."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, {"code": code, "detail": "d", "status": status}


def page(cursor: str, *versions: int) -> tuple[int, dict[str, str], Any]:
    """A page of the feed."""
    events = [{"stream_id": "s", "version": n, "type": "T"} for n in versions]
    return 200, {}, {"events": events, "next": cursor}


def test_a_writer_asks_again_under_its_key_until_somebody_knows(
    recipes: SimpleNamespace, server: Server, slept: list[float]
) -> None:
    server.answers = [
        LOST,
        problem("outcome-unknown", 503, Retry_After="2"),
        problem("too-many-requests", 429, Retry_After="3"),
        problem("internal-error", 500),
        (201, {}, {"commit_id": "c"}),
    ]

    answer = recipes.append("s.1", [{}], "any")

    keys = {key for _, _, key in server.asked}
    assert answer == {"commit_id": "c"}
    assert len(server.asked) == 5
    assert len(keys) == 1
    assert None not in keys
    assert slept[1] > 2
    assert slept[2] > 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 415, 422])
def test_a_writer_takes_what_is_final_for_final(
    recipes: SimpleNamespace, server: Server, slept: list[float], status: int
) -> None:
    server.answers = [problem("some-code", status)]

    with pytest.raises(recipes.Refused, match="some-code"):
        recipes.append("s.1", [{}], 4)

    assert len(server.asked) == 1
    assert slept == []


def test_a_page_of_who_stands_in_between_is_an_answer_like_any_other(
    recipes: SimpleNamespace, server: Server, tmp_path: Path
) -> None:
    away = (502, {"Content-Type": "text/html"}, b"<h1>Bad Gateway</h1>")
    too_large = (413, {"Content-Type": "text/html"}, b"<h1>Too large</h1>")
    server.answers = [away, (201, {}, {"commit_id": "c"}), too_large]
    server.answers += [away, page("one", 1)]
    handled: list[Any] = []

    assert recipes.append("s.1", [{}], "any") == {"commit_id": "c"}
    with pytest.raises(recipes.Refused, match="413"):
        recipes.append("s.1", [{}], "any")
    recipes.follow(
        handled.append, recipes.Checkpoint(tmp_path / "cursor"), lambda: bool(handled)
    )

    assert len(handled) == 1


def test_a_writer_that_never_hears_says_under_which_key(
    recipes: SimpleNamespace, server: Server
) -> None:
    server.answers = [LOST, LOST]

    with pytest.raises(TimeoutError, match="/commits/k"):
        recipes.append("s.1", [{}], 4, key="k", tries=2)


def test_a_follower_writes_down_its_cursor_after_it_has_handled(
    recipes: SimpleNamespace, server: Server, tmp_path: Path
) -> None:
    checkpoint = recipes.Checkpoint(tmp_path / "cursor")
    server.answers = [page("one", 1), page("two", 2), page("two", 2)]
    handled: list[int] = []

    def handle(event: dict[str, Any]) -> None:
        if event["version"] == 2 and handled.count(2) == 0:
            handled.append(2)
            raise InterruptedError
        handled.append(event["version"])

    with pytest.raises(InterruptedError):
        recipes.follow(handle, checkpoint)
    assert checkpoint.read() == "one"
    recipes.follow(handle, checkpoint, lambda: len(handled) == 3)

    assert handled == [1, 2, 2]
    assert checkpoint.read() == "two"
    cursors = ["after=one" in path for _, path, _ in server.asked]
    assert cursors == [False, True, True]


def test_a_follower_comes_again_and_gives_the_server_time(
    recipes: SimpleNamespace, server: Server, tmp_path: Path, slept: list[float]
) -> None:
    server.answers = [
        LOST,
        problem("too-many-followers", 503, Retry_After="2"),
        page("one"),
        LOST,
        page("two", 1),
    ]
    handled: list[Any] = []

    recipes.follow(
        handled.append,
        recipes.Checkpoint(tmp_path / "cursor"),
        lambda: bool(handled),
    )

    assert len(slept) == 3
    assert slept[1] > 2
    assert slept[2] < 0.11  # an answer in between: the first failure again


def test_a_follower_does_not_go_on_with_a_cursor_that_is_none(
    recipes: SimpleNamespace, server: Server, tmp_path: Path
) -> None:
    checkpoint = recipes.Checkpoint(tmp_path / "cursor")
    checkpoint.write("of another feed")
    server.answers = [problem("bad-cursor", 400)]

    with pytest.raises(recipes.Refused, match="bad-cursor"):
        recipes.follow(print, checkpoint)

    assert checkpoint.read() == "of another feed"


def test_a_handler_leaves_out_what_it_has_had(recipes: SimpleNamespace) -> None:
    backend = recipes.Backend()
    event = {
        "stream_id": "s",
        "version": 1,
        "type": "ChildSpoke",
        "data": {"text": "a"},
    }

    backend(event)
    backend(event)
    backend({**event, "version": 2, "withheld": {"reason": "sealed"}})

    assert backend.texts == ["a"]
    assert backend.versions == {"s": 2}

"""The quickstart's broker: a task is there whole or not at all, and what is no task does not end a worker."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from queue import Empty
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.connection import Connection

from teddy_es.task_files import REFUSED
from teddy_es.task_message import MOST_BYTES, MOST_RETURNS, NotATask, task_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

A_MESSAGE: dict[str, Any] = {
    "body": base64.b64encode(b'[["forget_runs"], {}, {}]').decode(),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {"task": "eventstore.run_job", "id": "1"},
    "properties": {
        "delivery_tag": "1",
        "delivery_info": {"exchange": "", "routing_key": "celery"},
        "body_encoding": "base64",
    },
}
WHOLE = json.dumps(A_MESSAGE).encode()


def without(*path: str) -> bytes:
    message = json.loads(WHOLE)
    *above, last = path
    inner = message
    for name in above:
        inner = inner[name]
    del inner[last]
    return json.dumps(message).encode()


def changed(**changes: object) -> bytes:
    return json.dumps({**A_MESSAGE, **changes}).encode()


NO_TASKS = {
    "empty": (b"", "empty"),
    "only blanks": (b" \n", "empty"),
    "half of one": (WHOLE[: len(WHOLE) // 2], "not_json"),
    "all but its last byte": (WHOLE[:-1], "not_json"),
    "not UTF-8": (b'{"a": "\xff"}', "not_json"),
    "nested without end": (b'{"a":' * 100_000, "not_json"),
    "zeros, as after a crash": (b"\x00" * 64, "not_json"),
    "another thing": (b"[1, 2]", "not_a_message"),
    "no properties": (without("properties"), "not_a_message"),
    "no headers": (without("headers"), "not_a_message"),
    "no tag": (without("properties", "delivery_tag"), "not_a_message"),
    "no name of a task": (without("headers", "task"), "not_a_message"),
    "no body": (without("body"), "not_a_message"),
    "headers that are none": (changed(headers=None), "not_a_message"),
    "a time that is none": (
        changed(headers={**A_MESSAGE["headers"], "eta": ""}),
        "not_a_message",
    ),
    "limits that are none": (
        changed(headers={**A_MESSAGE["headers"], "timelimit": [1]}),
        "not_a_message",
    ),
    "a body that is no base64": (changed(body="no base64!"), "body_encoding"),
    "a body in half a base64": (changed(body="W1s"), "body_encoding"),
    "too large": (b" " * (MOST_BYTES + 1), "too_large"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tasks"


@pytest.fixture
def channel(folder: Path) -> Iterator[Any]:
    connection = Connection(  # type: ignore[no-untyped-call]
        "filesystem://",
        transport="teddy_es.task_files:Transport",
        transport_options={"folder": str(folder)},
    )
    folder.mkdir()
    yield connection.default_channel
    connection.release()  # type: ignore[no-untyped-call]


def refused(reason: str) -> float:
    return float(REFUSED.labels(reason)._value.get())


def assert_set_aside(channel: Any, folder: Path, reason: str) -> None:
    """It, and not the message that waits behind it."""
    before = refused(reason)
    (folder / "9_good.celery.msg").write_bytes(WHOLE)

    got = channel._get("celery")

    assert got == A_MESSAGE
    assert refused(reason) == before + 1
    assert [path.name for path in folder.iterdir()] == ["refused"]
    assert len(list((folder / "refused").iterdir())) == 1
    with pytest.raises(Empty):
        channel._get("celery")


@pytest.mark.parametrize(("content", "reason"), NO_TASKS.values(), ids=NO_TASKS)
def test_what_is_no_task_is_set_aside_and_the_next_one_is_taken(
    channel: Any, folder: Path, content: bytes, reason: str
) -> None:
    (folder / "0_x.celery.msg").write_bytes(content)

    assert_set_aside(channel, folder, reason)


def a_socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as server:
        # by way of the descriptor: a path of a socket may not be long
        server.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (lambda path: path.mkdir(), "not_a_file"),
    "a link": (lambda path: path.symlink_to("/dev/null"), "not_a_file"),
    "a link to nothing": (lambda path: path.symlink_to("/no/such"), "not_a_file"),
    "a pipe": (os.mkfifo, "not_a_file"),
    "a socket": (a_socket, "not_a_file"),
}


@pytest.mark.parametrize(("make", "reason"), NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_set_aside_and_not_waited_for(
    channel: Any, folder: Path, make: Callable[[Path], object], reason: str
) -> None:
    make(folder / "0_x.celery.msg")

    assert_set_aside(channel, folder, reason)


def test_a_message_comes_out_as_it_went_in_and_once(channel: Any, folder: Path) -> None:
    channel._put("celery", A_MESSAGE)
    waiting = channel._size("celery"), channel._size("other")

    got = channel._get("celery")

    assert waiting == (1, 0)
    assert got == A_MESSAGE
    assert list(folder.iterdir()) == []


def test_what_workers_give_back_again_and_again_is_set_aside_in_the_end(
    channel: Any, folder: Path
) -> None:
    """It may be what ends them."""
    channel._put("celery", A_MESSAGE)

    for _ in range(MOST_RETURNS + 1):
        channel._put("celery", {**channel._get("celery"), "redelivered": True})

    assert_set_aside(channel, folder, "returned")


def test_messages_come_in_the_order_in_which_they_were_sent(channel: Any) -> None:
    for number in range(20):
        channel._put("celery", {**A_MESSAGE, "number": number})

    got = [channel._get("celery")["number"] for _ in range(20)]

    assert got == list(range(20))


def test_what_is_being_written_or_is_another_queues_is_left_alone(
    channel: Any, folder: Path
) -> None:
    (folder / "0_x.celery.msg.part").touch()
    (folder / "0_x.other.msg").touch()

    with pytest.raises(Empty):
        channel._get("celery")
    channel._purge("celery")

    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_somebody_removed_is_made_again(
    channel: Any, folder: Path
) -> None:
    folder.rmdir()

    with pytest.raises(Empty):
        channel._get("celery")
    folder.rmdir()
    channel._put("celery", A_MESSAGE)

    assert channel._purge("celery") == 1


# a limit of the file's size refuses the bytes after it as a full disk does
_SENDS = """
import resource, signal, sys
from kombu.connection import Connection
from kombu.exceptions import ChannelError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
connection = Connection(
    "filesystem://", transport="teddy_es.task_files:Transport", transport_options={"folder": sys.argv[1]}
)
try:
    connection.default_channel._put("celery", {"body": "x" * 1000})
except ChannelError as error:
    print(error)
"""


def test_a_disk_that_is_full_leaves_no_half_message_and_is_told(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603  (our own words)
        [sys.executable, "-c", _SENDS, folder],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert done.stdout.startswith(f"A task cannot be written to {folder}: ")
    assert list(folder.iterdir()) == []


@given(st.binary(max_size=200), st.integers(0, len(WHOLE)))
def test_any_bytes_are_a_message_or_no_task(noise: bytes, at: int) -> None:
    for content in (noise, WHOLE[:at] + noise, WHOLE[:at] + noise + WHOLE[at:]):
        try:
            message = task_message(content)
        except NotATask:
            continue
        assert message["headers"]["task"]

"""The broker of one machine: a folder in which each waiting task is a file.

kombu has one (`kombu.transport.filesystem`), and this takes its place for `filesystem://`. kombu's makes a file before it
writes it, and a worker that meets it empty dies; so it does of anything else that is no message (half of one after a full
disk, a folder of that name), of a routing table that was not written to its end, for as long as that lies there, and of
a folder that is gone. It also takes each message by way of the system's folder for temporary files. So here:

- a message is written beside and renamed: it is there whole or not at all;
- it is taken where it lies, by whoever removes it;
- what is no message, or was given back again and again by workers that ended, is set aside in `refused/`, logged and counted, and the next one is looked at;
- there is no routing table on the disk: each process declares the queue that it sends to.
"""

from __future__ import annotations

import errno
import stat
import time
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, ClassVar, Final

import structlog
from kombu.exceptions import ChannelError
from kombu.transport import virtual
from kombu.utils.json import dumps
from prometheus_client import Counter

from teddy_es.task_message import (
    MOST_BYTES,
    NotATask,
    Reason,
    given_back,
    task_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED: Final = Counter(
    "teddy_task_files_refused",
    "Files among the waiting tasks that are no task and were set aside.",
    ["reason"],
)
# What the file itself is to blame for. Anything else (no descriptors left, say) is the machine's trouble, and ends us.
_OF_THE_FILE: Final = {errno.EACCES, errno.EPERM, errno.EIO}
_log = structlog.get_logger(__name__)


class Channel(virtual.Channel):
    """Queues as files named {time}_{random}.{queue}.msg in one folder."""

    @property
    def folder(self) -> Path:
        """Made again if somebody removed it."""
        folder = Path(self.connection.client.transport_options["folder"])
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        """Write beside, then rename. Raises `ChannelError` if there is no room."""
        if message.get("redelivered"):
            message = given_back(message)
        name = f"{time.time_ns():020}_{uuid.uuid4()}.{queue}.msg"
        part = self.folder / f"{name}.part"
        try:
            part.write_bytes(dumps(message).encode())  # type: ignore[no-untyped-call]
            part.rename(self.folder / name)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            told = f"A task cannot be written to {part.parent}: {error.strerror}."
            raise ChannelError(told) from error

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """The oldest message; waits for none. Raises `Empty`."""
        for path in self._waiting(queue):
            try:
                message = task_message(_content(path))
                path.unlink()  # whoever removes it has it
            except FileNotFoundError:
                continue  # another worker was quicker
            except NotATask as error:
                _set_aside(path, error.reason)
            else:
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return sum(1 for _ in self._waiting(queue))

    def _purge(self, queue: str) -> int:
        count = 0
        for path in self._waiting(queue):
            with suppress(FileNotFoundError):
                path.unlink()
                count += 1
        return count

    def _waiting(self, queue: str) -> Iterator[Path]:
        folder = self.folder
        for path in sorted(folder.iterdir()):
            if path.name.partition(".")[2] == f"{queue}.msg":
                yield path


def _content(path: Path) -> bytes:
    """Raises `NotATask` for what is no readable file, `FileNotFoundError` for what is gone."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would block for ever
            raise NotATask(Reason.NOT_A_FILE)
        if status.st_size > MOST_BYTES:
            raise NotATask(Reason.TOO_LARGE)
        return path.read_bytes()
    except OSError as error:
        if error.errno in _OF_THE_FILE:
            raise NotATask(Reason.UNREADABLE) from error
        raise


def _set_aside(path: Path, reason: Reason) -> None:
    """Out of the way and kept: somebody may want to know what it was."""
    refused = path.parent / "refused"
    refused.mkdir(mode=0o700, exist_ok=True)
    kept = refused / f"{uuid.uuid4()}.msg"  # its own name might be taken
    try:
        path.rename(kept)
    except FileNotFoundError:
        return  # another worker was quicker
    REFUSED.labels(str(reason)).inc()
    _log.warning(
        "a file among the waiting tasks is no task and was set aside",
        action="task-file-refused",
        reason=str(reason),
        kept=kept.name,
    )


class Transport(virtual.Transport):
    """For `CELERY_BROKER_TRANSPORT`."""

    Channel = Channel
    # each process knows the queues that it declared
    global_state = virtual.BrokerState()  # type: ignore[no-untyped-call]
    driver_type = "filesystem"
    driver_name = "filesystem"
    default_connection_params: ClassVar = {}  # no host, no port

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)  # type: ignore[no-untyped-call]
        self.state = self.global_state

    def driver_version(self) -> str:
        """For celery's report."""
        return "1"

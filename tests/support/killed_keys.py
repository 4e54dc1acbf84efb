"""What a process does with keys, until it is killed: `python -m tests.support.process_work keys JSON`."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from eventstore.keys.rows import Minted
from eventstore.keys.sessions import Sessions
from eventstore.keys.store import KeyStore
from eventstore.testing.key_ring_contract import a_name
from tests.support.keys import Process, TheLog
from tests.support.process_work import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import psycopg

AT = datetime(2026, 11, 30, 11, 0, tzinfo=UTC)


def work(do: str, step: str, told: list[list[str]]) -> None:
    """Mint, or erase, up to this step. told: what the log knows already, ids and commitments."""
    log = TheLog()
    log.record_minted(
        Minted(UUID(one), a_name(), bytes.fromhex(commitment))
        for one, commitment in told
    )
    process = Process(log)

    def die(*_: object) -> Any:
        known = log.minted.values()
        say(told=[[str(one.id), one.commitment.hex()] for one in known])
        os.kill(os.getpid(), signal.SIGKILL)

    if do == "fork":
        _fork(process)
        return
    if do == "mint":
        _mint(process, log, step, die)
    else:
        _erase(step, die)
    die()


def _mint(process: Process, log: TheLog, step: str, die: Any) -> None:
    if step == "before the store":
        process.ring._store.mint = die  # type: ignore[method-assign]
    elif step == "before the log":
        log.before_minted = die
    elif step == "behind the log":
        log.after_minted = die
    process.ring.sealing([a_name()])


def _fork(process: Process) -> None:
    """Open a key in a forked process, and in this one when that has ended."""
    key = process.ring.sealing([a_name()])[a_name()]
    forked = os.fork()
    if forked:
        os.waitpid(forked, 0)
    opened = process.ring.fresh([key.id]) == {key.id: key}
    idle = process.ring._store.sessions._idle
    say(opened=opened, sessions=[one.info.backend_pid for _, one in idle])


def _erase(step: str, die: Any) -> None:
    store = KeyStore(_Dying(die) if step == "within it" else None)
    if step != "before it":
        store.erase("p-1", at=AT, request="r-1")


class _Dying(Sessions):
    """Is killed in front of a transaction's commit."""

    def __init__(self, die: Any) -> None:
        super().__init__()
        self._die = die

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[Any]]:
        """See `Sessions`."""
        with super().session() as session, session.transaction():
            yield session
            self._die()

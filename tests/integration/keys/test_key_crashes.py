"""Killed between any two steps, twice, by a real signal: whoever asks next goes on, and both processes end with one key or none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from eventstore.errors import SubjectErased
from eventstore.keys.rows import Minted, Tombstone
from eventstore.ports import Gone
from eventstore.testing.key_ring_contract import a_name
from tests.integration.keys.test_ring import AT
from tests.support.processes import a_process, heard

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.keys import Process, TheLog

STEPS = ("before the store", "before the log", "behind the log", "at its end")


def killed(log: TheLog, step: str, do: str = "mint") -> None:
    """A process does it, and is killed there; what it told the log by then, the log knows."""
    known = [[str(one.id), one.commitment.hex()] for one in log.minted.values()]
    with a_process("keys", do=do, step=step, told=known) as process:
        told = heard(process)["told"]
        assert process.wait() == -9
    log.record_minted(
        Minted(UUID(one), a_name(), bytes.fromhex(commitment))
        for one, commitment in told
    )


@pytest.mark.parametrize("step", STEPS)
def test_who_is_killed_while_minting_leaves_a_name_that_the_next_one_mints_or_finds(
    processes: Callable[..., Process], log: TheLog, step: str
) -> None:
    process = processes()

    killed(log, step)
    killed(log, step)

    assert len(process.store.rows("p-1")) == (step != "before the store")
    key = process.ring.sealing([a_name()])[a_name()]
    [row] = process.store.rows("p-1")
    assert (row.id, row.in_log) == (key.id, True)
    assert set(log.minted) == {key.id}


@pytest.mark.parametrize("step", ["before it", "within it", "behind it"])
def test_who_is_killed_while_erasing_has_erased_all_or_nothing_and_the_next_one_does(
    processes: Callable[..., Process], log: TheLog, step: str
) -> None:
    process = processes()
    names = [a_name(), a_name(month="2026-12")]
    keys = process.ring.sealing(names)

    killed(log, step, "erase")

    is_done = step == "behind it"
    assert {row.destroyed_at is not None for row in process.store.rows("p-1")} == {
        is_done
    }
    rows = process.store.erase("p-1", at=AT, request="r-2")
    assert {row.request for row in rows} == {"r-1" if is_done else "r-2"}
    found = process.ring.opening([key.id for key in keys.values()])
    assert all(isinstance(one, Gone) for one in found.values())
    with pytest.raises(SubjectErased):
        process.ring.sealing([a_name(month="2027-01")])


def test_an_erasure_tells_which_keys_the_log_has_not_heard_of(
    processes: Callable[..., Process], log: TheLog
) -> None:
    process = processes()
    killed(log, "before the log")

    [row] = process.store.erase("p-1", at=AT, request="r-1")

    assert not row.in_log
    assert not row.destruction_in_log
    assert process.store.mint_told([row.id]) == {row.id}
    assert [one.in_log for one in process.store.rows("p-1")] == [True]
    assert [one.id for one in process.store.ended_untold()] == [row.id]


def test_a_month_that_is_buried_while_its_key_is_minted_is_not_sealed_under(
    processes: Callable[..., Process], log: TheLog
) -> None:
    minting, burying = processes(), processes()

    def bury() -> None:
        [key] = burying.store.living([a_name()])
        burying.store.bury([Tombstone(key.id, a_name(), AT, "retention")])

    log.before_minted = bury
    with pytest.raises(SubjectErased):
        minting.ring.sealing([a_name()])

    assert minting.ring.held([a_name()]) is None

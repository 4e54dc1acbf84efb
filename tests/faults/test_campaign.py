"""The short form of the fault campaign: every kind of fault once, on a world of its own, and all zeros at the end.

The long forms and what they showed: docs/RELIABILITY.md. Another seed: TEDDY_FAULTS_SEED.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from scripts.launcher.broken_world import BrokenWorld
from teddy_es.faults.campaign import run
from teddy_es.faults.plan import EVERYWHERE, WITH_BROKERS, Wanted

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from teddy_es.faults.report import Report

SEED = os.environ.get("TEDDY_FAULTS_SEED", "ci")  # noqa: TID251
# between two faults; a broker that was killed takes longer to come back than a process, and is to be back before the next fault
PACE_S = {"embedded": 0.9, "kafka": 1.2}
AT_MOST_S = 12  # for each kind of fault: a machine that is busy, not the rule


def short(folder: Path, *, log: str, kinds: Collection[str]) -> Report:
    """A campaign that does every kind of fault; on a busy machine it takes longer."""
    wanted = Wanted(
        seconds=AT_MOST_S * len(kinds),
        seed=SEED,
        appends=300,
        kills=3,
        kinds=kinds,
        until_enough=True,
        pace_s=PACE_S[log],
    )
    return run(BrokenWorld(folder, log=log), wanted, lambda _line: None)


def test_on_the_embedded_log_all_is_zero(tmp_path: Path) -> None:
    report = short(tmp_path, log="embedded", kinds=EVERYWHERE)

    assert report.passed, "\n".join(report.lines())
    assert report.followed["all"] == report.followed["troubled"] == report.events
    assert report.texts > 100  # opened; that some cannot be, the report itself asks for
    assert report.persons_erased
    assert report.failures  # the way of retries was under fire
    assert report.snapshots  # and so were loads from them, and who built them


@pytest.mark.kafka
def test_on_kafka_all_is_zero(tmp_path: Path) -> None:
    kinds = EVERYWHERE | WITH_BROKERS

    report = short(tmp_path, log="kafka", kinds=kinds)

    assert report.passed, "\n".join(report.lines())

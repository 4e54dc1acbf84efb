"""docs/guide/JOBS.md and the schedule name the same jobs."""

from __future__ import annotations

import re

from eventstore.upkeep.schedule import scheduled
from tests.guards.sources import ROOT

PAGE = (ROOT / "docs" / "guide" / "JOBS.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z_]+)` \| \S", re.MULTILINE)


def test_every_job_has_its_row_and_every_row_its_job() -> None:
    table = PAGE.partition("| job | every | does |")[2].partition("\n\n")[0]
    documented = set(ROW.findall(table))

    assert documented == set(scheduled()), (
        f"docs/guide/JOBS.md lacks {sorted(set(scheduled()) - documented)}: say how often each runs, and what it does. It"
        f" has {sorted(documented - set(scheduled()))}, which neither eventstore/upkeep/schedule.py nor the setting JOBS does."
    )

"""The figures of all processes of an installation, out of the files that they share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.metrics_core import Metric


class AllProcesses(MultiProcessCollector):
    """What all processes count, while some of them start or end.

    A file is there before its first byte, and prometheus-client 0.26 fails of such a one, and with it the whole answer.
    Containers whose processes have the same numbers write into folders of their own, below the one that all share.
    """

    def collect(self) -> Iterable[Metric]:
        """The sums, out of the files that somebody has begun to write. Files only grow."""
        files = [str(one) for one in Path(self._path).rglob("*.db") if _is_begun(one)]
        return cast("Iterable[Metric]", self.merge(files))  # type: ignore[no-untyped-call]


def _is_begun(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # of a process that has ended since
        return False

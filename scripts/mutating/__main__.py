"""Which small breakages do the nearest tests not notice? Outside CI: it takes hours, and people judge what survives.

A module's nearest tests, and the survivors that were looked at: tests/mutants.toml. What was tried is remembered in
.teddy/mutants until the module changes, so a run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tomllib
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scripts.mutating import trying
from scripts.mutating.changes import essence, mutants

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE: Final = Path("tests/mutants.toml")
KEPT: Final = Path(".teddy/mutants")
RESULTS: Final = KEPT / "results.jsonl"
WORDS: Final = (
    trying.KILLED,
    trying.TIMED_OUT,
    trying.SURVIVED,
    "explained",
    "not tried",
)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument(
        "where",
        nargs="*",
        help="rooms (indexer) or files; all of the table, if left out",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes, each on a database of its own",
    )
    parser.add_argument(
        "--most", type=int, default=0, help="mutants of a file, spread over it; 0: all"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="try survivors again: the tests are better now",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="tell what was found so far, and try nothing",
    )
    return parser.parse_args()


def main() -> int:
    """0 if every survivor is explained."""
    asked, table = arguments(), tomllib.loads(TABLE.read_text("utf-8"))
    KEPT.mkdir(parents=True, exist_ok=True)
    files = [File(path, table) for path in sorted({*files_of(table, asked)})]
    if not asked.report:
        workers = [start(files, asked, n) for n in range(asked.workers)]
        if sum(os.waitpid(pid, 0)[1] for pid in workers):
            return 2
    told = [file.report() for file in files]
    whole = sum(told, Counter[str]())
    say("all", whole)
    return int(whole[trying.SURVIVED] > 0)


def files_of(table: dict[str, Any], asked: argparse.Namespace) -> Iterator[Path]:
    """The modules that are asked for."""
    for path in map(Path, table["tests"]):
        for found in [path] if path.suffix else path.rglob("*.py"):
            if not asked.where or {str(found), *found.parts} & {*asked.where}:
                yield found


def start(files: list[File], asked: argparse.Namespace, number: int) -> int:
    """Start a worker; its process id."""
    if pid := os.fork():
        return pid
    os.nice(5)
    base, mark, rest = os.environ.get("DATABASE_URL", "").partition("?")
    os.environ["DATABASE_URL"] = f"{base}_mutants_{number}{mark}{rest}"
    trying.prepare()
    os._exit(max(file.work(asked, number) for file in files))


class File:
    """A module, its nearest tests, and what became of its mutants."""

    def __init__(self, path: Path, table: dict[str, Any]) -> None:
        self.path, self.source = path, path.read_text("utf-8")
        self.tests = next(
            table["tests"][str(one)]
            for one in (path, *path.parents)
            if str(one) in table["tests"]
        )
        self.explained = table["explained"].get(str(path), {})
        self.digest = sha256(essence(self.source).encode()).hexdigest()[:16]

    def known(self) -> dict[str, str]:
        """Result by mutant, of those that were tried."""
        lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else []
        return {
            one["key"]: one["result"]
            for one in map(json.loads, lines)
            if one["source"] == self.digest
        }

    def work(self, asked: argparse.Namespace, number: int) -> int:
        """Try a worker's part of those that are new; 1 where the tests fail without any change."""
        todo, took = self._todo(asked, number), 0.0
        log = KEPT / f"last-{number}.log"
        if todo:
            result, took = trying.timed(self, None, log, most_s=900.0, fresh=True)
            if result != trying.SURVIVED:
                sys.stderr.write(f"{self.path}: its tests fail as they are: {log}\n")
                return 1
        for mutant in mutants(self.source):
            if mutant.key in todo:
                fresh = result == trying.TIMED_OUT  # what it was at is there yet
                most_s = 10 + 4 * took
                result, _ = trying.timed(
                    self, mutant.tree, log, most_s=most_s, fresh=fresh
                )
                told = {"source": self.digest, "key": mutant.key, "result": result}
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0

    def _todo(self, asked: argparse.Namespace, number: int) -> set[str]:
        """A worker's part of those that were not tried yet."""
        known, every = self.known(), [one.key for one in mutants(self.source)]
        step = -(-len(every) // asked.most) if asked.most else 1
        again = (None, trying.SURVIVED) if asked.again else (None,)
        part = every[:: max(1, step)][number :: asked.workers]
        return {key for key in part if known.get(key) in again}

    def report(self) -> Counter[str]:
        """A line, and each survivor that nobody has explained."""
        known, counted = self.known(), Counter[str]()
        for key, line, _ in mutants(self.source):
            result = known.get(key, "not tried")
            result = (
                "explained"
                if result == trying.SURVIVED and key in self.explained
                else result
            )
            counted[result] += 1
            if result == trying.SURVIVED:
                sys.stdout.write(f"  {self.path}:{line} {key}\n")
        say(str(self.path), counted)
        return counted


def say(what: str, counted: Counter[str]) -> None:
    """How many of each kind."""
    kinds = [f"{counted[word]} {word}" for word in WORDS if counted[word]]
    sys.stdout.write(f"{what}: {counted.total()} mutants, {', '.join(kinds)}\n")


if __name__ == "__main__":
    sys.exit(main())

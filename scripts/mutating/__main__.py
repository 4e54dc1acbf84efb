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
from collections import Counter, defaultdict
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scripts.mutating import trying
from scripts.mutating.changes import essence, mutants
from scripts.mutating.working import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

TABLE: Final = Path("tests/mutants.toml")
KEPT: Final = Path(".teddy/mutants")
RESULTS: Final = KEPT / "results.jsonl"
ADDRESSES: Final = ("DATABASE_URL", "TEDDY_KEYS_DATABASE_URL")
WORDS: Final = (
    trying.KILLED,
    trying.TIMED_OUT,
    trying.SURVIVED,
    "explained",
    "not tried",
)


OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "where": {
        "nargs": "*",
        "help": "rooms (indexer) or files; all of the table, if left out",
    },
    "--workers": {
        "type": int,
        "default": 1,
        "help": "processes, each on a database of its own",
    },
    "--most": {
        "type": int,
        "default": 0,
        "help": "mutants of a file, spread over it; 0: all",
    },
    "--seconds": {
        "type": float,
        "default": 0.0,
        "help": "so many seconds of its tests judge a mutant, the likeliest; try --again without, what survives",
    },
    "--tests": {
        "nargs": "+",
        "default": (),
        "help": "files of tests that judge, instead of the table's, for a new test; who survives them alone is not told",
    },
    "--again": {
        "action": "store_true",
        "help": "try survivors again: the tests are better now",
    },
    "--report": {
        "action": "store_true",
        "help": "tell what was found so far, and try nothing",
    },
}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    for name, how in OPTIONS.items():
        parser.add_argument(name, **how)
    return parser.parse_args()


def main() -> int:
    """0 if every survivor is explained."""
    asked, table = arguments(), tomllib.loads(TABLE.read_text("utf-8"))
    KEPT.mkdir(parents=True, exist_ok=True)
    paths = sorted({*files_of(table, asked)})
    files = [File(path, table, asked.tests) for path in paths]
    if not asked.report and not tried(files, asked):
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


def tried(files: list[File], asked: argparse.Namespace) -> bool:
    """Whether all was done that was asked for: first what the tests run, then, side by side, the mutants."""
    todo = {file: file.todo(asked) for file in files}
    if ended(begin(todo, 0, 1, Work.covered, asked.seconds)):
        sys.stderr.write(f"The tests fail as they are: {KEPT}/last-*.log\n")
        return False
    many = asked.workers
    workers = [
        begin(todo, number, many, Work.done, asked.seconds) for number in range(many)
    ]
    return not sum(map(ended, workers))


def begin(
    todo: Mapping[File, list[str]],
    number: int,
    many: int,
    step: Callable[[Work], bool],
    most_s: float,
) -> int:
    """Start one of many workers, which takes its part; its process id."""
    if pid := os.fork():
        return pid
    os.nice(5)
    seat = free_seat()
    for name in ADDRESSES:
        base, mark, rest = os.environ.get(name, "").partition("?")
        if base or name == ADDRESSES[0]:
            os.environ[name] = f"{base}_mutants_{seat}{mark}{rest}"
    trying.prepare()
    together: defaultdict[tuple[str, ...], dict[File, set[str]]] = defaultdict(dict)
    for file, keys in todo.items():
        if part := {*keys[number::many]}:
            together[file.tests][file] = part
    works = [Work(part, KEPT, seat, most_s) for part in together.values()]
    os._exit(not done(works, step))


def done(works: Iterable[Work], step: Callable[[Work], bool]) -> bool:
    """Whether all was done: a group of tests that cannot be run is told, and ends it.

    Going on without a word, all that it has not judged would only be missing among what was tried.
    """
    for work in works:
        if not step(work):
            sys.stderr.write(
                f"These tests cannot be run, and nothing goes on: {work}\n"
            )
            return False
    return True


def free_seat() -> int:
    """The lowest number that no other worker has, of another run neither; until this process ends."""
    for seat in count():
        held = os.open(KEPT / f"seat-{seat}", os.O_WRONLY | os.O_CREAT)
        try:
            flock(held, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            os.close(held)
        else:
            return seat
    raise AssertionError


def ended(pid: int) -> int:
    """A worker's status, when it has ended."""
    return os.waitpid(pid, 0)[1]


class File:
    """A module, its nearest tests, and what became of its mutants."""

    def __init__(self, path: Path, table: dict[str, Any], tests: Sequence[str]) -> None:
        """tests: instead of those of the table."""
        self.path, self.source = path, path.read_text("utf-8")
        self._is_judged_in_part = bool(tests)
        self.tests = tuple(tests) or next(
            tuple(table["tests"][str(one)])
            for one in (path, *path.parents)
            if str(one) in table["tests"]
        )
        self.explained = table["explained"].get(str(path), {})
        self.digest = sha256(essence(self.source).encode()).hexdigest()[:16]

    def known(self) -> dict[str, str]:
        """Result by mutant, of those that were tried. What some tests have noticed others need not."""
        told = sorted(self._told(0), key=lambda one: one["result"] != trying.SURVIVED)
        return {one["key"]: one["result"] for one in told}

    def since(self, mark: int) -> set[str]:
        """Those that were tried after this mark."""
        return {one["key"] for one in self._told(mark)}

    def killers(self) -> Counter[str]:
        """Which tests noticed how many."""
        return Counter(
            one["by"]
            for one in self._told(0)
            if one["result"] == trying.KILLED and one.get("by")
        )

    def _told(self, mark: int) -> Iterator[dict[str, Any]]:
        lines = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() else []
        told = map(json.loads, lines[mark:])
        return (one for one in told if one["source"] == self.digest)

    @staticmethod
    def mark() -> int:
        """How much was told until now."""
        return RESULTS.read_bytes().count(b"\n") if RESULTS.exists() else 0

    def tell(self, key: str, result: trying.Result) -> None:
        """Write down what became of a mutant. What some tests do not notice others may."""
        if self._is_judged_in_part and result.word == trying.SURVIVED:
            return
        told = {
            "path": str(self.path),
            "source": self.digest,
            "key": key,
            "result": result.word,
            "by": result.by,
        }
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def todo(self, asked: argparse.Namespace) -> list[str]:
        """Those that were not tried yet."""
        known, every = self.known(), [one.key for one in mutants(self.source)]
        step = -(-len(every) // asked.most) if asked.most else 1
        again = (None, trying.SURVIVED) if asked.again else (None,)
        return [key for key in every[:: max(1, step)] if known.get(key) in again]

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

"""Tries the mutants of files that are judged by the same tests."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from hashlib import sha256
from itertools import accumulate
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.mutating.changes import mutants
from scripts.mutating.covering import Cover, Recorder, ours, told
from scripts.mutating.running import Runner
from scripts.mutating.trying import KILLED, SURVIVED, Result, Served, Trial, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scripts.mutating.__main__ import File

TESTS = Path("tests")


class Work:
    """todo: the keys of each file. most_s: tests of so many seconds judge a mutant; 0: all that come by it."""

    def __init__(
        self, todo: Mapping[File, set[str]], kept: Path, seat: int, most_s: float
    ) -> None:
        self._todo, self._most_s = todo, most_s
        self._log = kept / f"last-{seat}.log"
        named = next(iter(todo)).tests
        self._covers = {
            file: kept / "cover" / _digest(file) for file in _test_files(named)
        }
        self._places = {file: place for place, file in enumerate(self._covers)}
        self._kills = Counter[str]()

    def __str__(self) -> str:
        """Its tests, and where they say why they cannot be run."""
        return f"{', '.join(self._covers)}; why: {self._log}"

    def covered(self) -> bool:
        """Write down what the tests run, as they and the code are now; False where they fail as they are."""
        new = {
            file: there for file, there in self._covers.items() if not there.exists()
        }
        if not new:
            return True
        served = [Served(path, compiled(path, told(path))) for path in ours()]
        runner = Runner(self._log, {})
        runner.fresh = True
        return runner.passes([*new], served, Recorder(new))

    def done(self) -> bool:
        """False where the tests cannot be run."""
        cover = self._cover()
        runner = Runner(self._log, cover.seconds)
        runner.fresh = True
        modules = [file.path for file in self._todo]
        marks = {file: file.mark() for file in self._todo}
        for file in self._todo:
            self._kills.update(file.killers())
        warm = runner.warm(modules, self._trials(cover), self._tell)
        for file, mark in marks.items():
            self._todo[file].difference_update(file.since(mark))
        for trial in self._trials(cover) if warm else ():
            if (result := runner.cold(trial)).word:
                self._tell(trial, result)
        return warm

    def _tell(self, trial: Trial, result: Result) -> None:
        file = next(file for file in self._todo if file.path == trial.path)
        file.tell(trial.key, result)
        self._kills[result.by] += result.word == KILLED

    def _trials(self, cover: Cover) -> Iterator[Trial]:
        for file in self._todo:
            for mutant in mutants(file.source):
                if mutant.key not in self._todo[file]:
                    continue
                path, line = file.path, mutant.line
                tests = self._ordered(cover.of(path, line), cover.seconds)
                cold = cover.is_imported(path, line)
                code = compiled(path, mutant.tree)
                trial = Trial(path, mutant.key, code, tests, cold)
                if tests:
                    yield trial
                else:
                    self._tell(trial, Result(SURVIVED, ""))

    def _ordered(self, tests: set[str], seconds: Mapping[str, float]) -> list[str]:
        """Who noticed most before; then the quickest of each file in turn, as the table has them."""
        turns = Counter[str]()
        ranks = dict.fromkeys(tests, (0, 0, 0))
        for test in sorted(tests, key=lambda test: (seconds[test], test)):
            file = test.partition("::")[0]
            turns[file] += 1
            ranks[test] = -self._kills[test], turns[file], self._places[file]
        ranked = sorted(tests, key=lambda test: ranks[test])
        until = accumulate((seconds[test] for test in ranked), initial=0.0)
        most_s = self._most_s or inf
        return [
            test for test, sum_s in zip(ranked, until, strict=False) if sum_s < most_s
        ]

    def _cover(self) -> Cover:
        whole: list[dict[str, Any]] = [
            json.loads(there.read_text("utf-8")) for there in self._covers.values()
        ]
        tests = {test: one for part in whole for test, one in part["tests"].items()}
        return Cover(tests, {place for part in whole for place in part["at_import"]})


def _test_files(named: Iterable[str]) -> Iterator[str]:
    for path in map(Path, named):
        yield from map(
            str, sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        )


def _digest(file: str) -> str:
    return sha256(
        f"{_shared()}{file}{Path(file).read_text('utf-8')}".encode()
    ).hexdigest()[:16]


@cache
def _shared() -> str:
    """What all tests may run."""
    paths = [path for path in TESTS.rglob("*.py") if not path.name.startswith("test_")]
    text = "".join(path.read_text("utf-8") for path in sorted([*ours(), *paths]))
    return sha256(text.encode()).hexdigest()

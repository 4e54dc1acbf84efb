"""Runs the tests that judge a mutant, in a process of its own: forked from one that has collected them, so that it costs
little but those that it needs.

Where only functions differ they are changed in there; where the import does something else, all is imported anew.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from _pytest.runner import runtestprotocol

from scripts.mutating.covering import PASSES
from scripts.mutating.database import Databases
from scripts.mutating.patching import Loaded, remembering
from scripts.mutating.trying import (
    KILLED,
    SURVIVED,
    TIMED_OUT,
    Result,
    Served,
    compiled,
    forked,
    waited,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from functools import _lru_cache_wrapper
    from pathlib import Path
    from types import CodeType

    from scripts.mutating.patching import Change
    from scripts.mutating.trying import Trial

    Tell = Callable[[Trial, Result], None]

_MARGIN_S: Final = 10  # a test that takes so much longer than four times its time hangs
_SHORTEST_S: Final = 0.5  # of a quick test it is not known how slow it can be
_ATTEMPTS: Final = 5
_BEFORE_S: Final = 120  # for all that comes before the first test
_OPTIONS: Final = (
    "-q", "-x", "--tb=line", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:playwright",
    "-Wignore::pytest.PytestAssertRewriteWarning", "--reuse-db",
)  # fmt: skip


class Runner:
    """seconds: what each test takes. fresh: the database is made anew, since the last process was ended at its work.

    How busy the machine is changes: who was ended is believed only if the test is quick enough now without the mutant.
    """

    def __init__(self, log: Path, seconds: Mapping[str, float]) -> None:
        self._log, self._at, self._seconds = log, log.with_suffix(".at"), seconds
        self._slower, self._took = 1.0, 0.0  # times; seconds of the last process
        self.fresh = False

    def passes(
        self, files: Sequence[str], served: Iterable[Served], recorder: object
    ) -> bool:
        """Whether the tests pass as they are; the recorder is a plugin that looks on."""
        status = forked(lambda: self._main(files, served, recorder))
        return os.waitstatus_to_exitcode(status) in PASSES

    def cold(self, trial: Trial) -> Result:
        """All is imported, with the changed module."""
        for _ in range(_ATTEMPTS):
            result = self._imported(trial.path, trial.code, trial.tests)
            if result.word != TIMED_OUT:
                return result
            test = result.by or trial.tests[0]
            control = self._imported(trial.path, compiled(trial.path), [test])
            if not self.was_hasty(test) and control.word == SURVIVED:
                return result
        return Result("", "")  # the machine is too busy to tell

    def _imported(self, path: Path, code: CodeType, tests: Sequence[str]) -> Result:
        begun = time.monotonic()
        files = [*dict.fromkeys(test.partition("::")[0] for test in tests)]
        served = [Served(path, code)]
        status = forked(lambda: self._main(files, served, _Cold(self, tests)))
        self._took = time.monotonic() - begun
        return self._judged(status)

    def warm(
        self, modules: Iterable[Path], trials: Iterable[Trial], tell: Tell
    ) -> bool:
        """Whether all those were tried that can be put into the place of what is loaded."""
        files = [*dict.fromkeys(test.partition("::")[0] for test in self._seconds)]
        codes = {path: compiled(path) for path in modules}
        served = [Served(path, code) for path, code in codes.items()]
        plugin = _Warm(self, codes, trials, tell)
        return not forked(lambda: self._main(files, served, plugin))

    def fork(self, session: pytest.Session, tests: Sequence[str]) -> Result | None:
        """None in the fork, which goes on with these tests."""
        begun = time.monotonic()
        if pid := os.fork():
            result = self._judged(waited(pid))
            self._took = time.monotonic() - begun
            if result.word != SURVIVED and not result.by:
                raise RuntimeError(f"no test has begun: {self._log}")
            return result
        os.setpgid(0, 0)
        os.truncate(self._log, 0)
        _choose(session.items, tests)
        return None

    def begins(self, test: str) -> None:
        """Give a test its time."""
        self._at.write_text(test, "utf-8")
        signal.alarm(int(self._most_s(test)))

    def was_hasty(self, test: str) -> bool:
        """Whether it had less time than thrice what it has just taken without the mutant; it has more from now on."""
        had, self._slower = self._most_s(test), self._took / self._usual_s(test)
        return had < 3 * self._took

    def _most_s(self, test: str) -> float:
        return _MARGIN_S + 4 * max(1.0, self._slower) * self._usual_s(test)

    def _usual_s(self, test: str) -> float:
        return max(self._seconds[test], _SHORTEST_S)

    def _judged(self, status: int) -> Result:
        by = self._at.read_text("utf-8") if self._at.exists() else ""
        self._at.write_text("", "utf-8")
        self.fresh = os.WIFSIGNALED(status)
        if not status:
            return Result(SURVIVED, "")
        return Result(TIMED_OUT if self.fresh else KILLED, by)

    def _main(
        self, files: Sequence[str], served: Iterable[Served], plugin: object
    ) -> int:
        sys.pycache_prefix = str(self._log.parent.resolve() / "pycache")
        how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        out = os.open(self._log, how)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.meta_path[:0] = served
        fresh = ["--create-db"] * self.fresh
        try:
            code = int(pytest.main([*_OPTIONS, *fresh, *files], plugins=[plugin]))
            sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001  (a mutant may raise anything, at any import)
            os.write(2, repr(error).encode())
            return 1
        return code


def _choose(items: list[pytest.Item], tests: Sequence[str]) -> None:
    """These tests, in this order."""
    there = {item.nodeid: item for item in items}
    items[:] = [there[test] for test in tests]


class _Timed:
    """A plugin of pytest: no test takes for ever."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """A test begins."""
        self._runner.begins(item.nodeid)


class _Cold(_Timed):
    """With the tests of one mutant."""

    def __init__(self, runner: Runner, tests: Sequence[str]) -> None:
        super().__init__(runner)
        self._tests = tests
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def pytest_configure(self) -> None:
        """Importing the tests has its time, too."""
        signal.alarm(_BEFORE_S)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Those that were chosen."""
        _choose(items, self._tests)


class _Warm(_Timed):
    """With a process for each mutant."""

    def __init__(
        self,
        runner: Runner,
        codes: Mapping[Path, CodeType],
        trials: Iterable[Trial],
        tell: Tell,
    ) -> None:
        super().__init__(runner)
        self._codes, self._trials, self._tell = codes, trials, tell
        self._parent = os.getpid()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """None in a fork: pytest goes on there."""
        databases = _warmed_up(session)
        self._runner.fresh = False
        loaded = {path: Loaded(code) for path, code in self._codes.items()}
        remembered = remembering()
        gc.freeze()
        for trial in self._trials:
            change = None if trial.cold else loaded[trial.path].change(trial.code)
            if change is not None:
                put = partial(_put, loaded[trial.path], change, remembered)
                result = self._tried(session, databases, trial.tests, put)
                if result is None:
                    return None
                if result.word:
                    self._tell(trial, result)
            if os.getppid() != self._parent:
                return False  # nobody waits for it any more
        return True

    def _tried(
        self,
        session: pytest.Session,
        databases: Databases | None,
        tests: Sequence[str],
        put: Callable[[], None],
    ) -> Result | None:
        runner = self._runner
        for _ in range(_ATTEMPTS):
            if databases and runner.fresh:
                databases.renew()
            result = runner.fork(session, tests)
            if result is None:
                put()
                return None
            if result.word != TIMED_OUT:
                return result
            if databases:
                databases.renew()
            control = runner.fork(session, [result.by])
            if control is None:
                return None
            if not runner.was_hasty(result.by) and control.word == SURVIVED:
                return result
        return Result("", "")  # the machine is too busy to tell


def _put(
    loaded: Loaded, change: Change, remembered: Iterable[_lru_cache_wrapper[Any]]
) -> None:
    loaded.put(change)
    for function in remembered:
        function.cache_clear()


def _warmed_up(session: pytest.Session) -> Databases | None:
    """What the first test of a process makes for all, its database too, is there when a fork begins."""
    first = next((one for one in session.items if _asks_a_database(one)), None)
    if first is None:
        return None
    runtestprotocol(first, nextitem=cast("pytest.Item", _Nobody(session)))
    if session.testsfailed:
        raise RuntimeError(f"{first.nodeid} fails as it is")
    return Databases()


def _asks_a_database(item: pytest.Item) -> bool:
    return not {"db", "transactional_db"}.isdisjoint(getattr(item, "fixturenames", ()))


class _Nobody:
    """The next test: what belongs to the session alone is kept for it."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        """As of a test."""
        return [self._session]

"""The whole read surface of a store by the store in memory: whatever is asked, both answer the same, or refuse alike.

In the gate some hundred cases; `pytest tests/integration/reading/test_fuzz_reads.py --fuzz 100000` tries more. A failure names the
seed of its world and the case: `--fuzz-seed` begins with that world again.
"""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync

from eventstore.clock import SystemClock
from eventstore.conf import aggregates, registry
from eventstore.errors import EventStoreError
from eventstore.events import Cut, Place
from eventstore.exchange.cloudevents import export_line
from eventstore.exchange.exporter import export_stream
from eventstore.opening import opener
from eventstore.queries.limits import EVERYTHING, PAGES, Pages, Stretch
from eventstore.repository import AggregateRepository
from eventstore.sealing.box import Cipher
from tests.pages import ROWS
from tests.twins import Twins, boxed_alike

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from eventstore.store import EventStore

SIZES = (1, 500, 3_000, 20_000, 10**8)  # bytes
FAR = (2**15, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**70)
PLACES = 3


class Case:
    """One question, put to both."""

    def __init__(self, twins: Twins, chance: Random) -> None:
        self.twins, self.chance = twins, chance
        kinds: list[tuple[Callable[[], None], int]] = [
            (self.read, 40),
            (self.aread, 3),
            (self.history, 15),
            (self.load, 12),
            (self.read_all, 12),
            (self.follow, 2),
            (self.info, 6),
            (self.as_of, 5),
            (self.export, 5),
        ]
        self.said: tuple[Any, ...] = ()
        self._kind = chance.choices([k for k, _ in kinds], [n for _, n in kinds])[0]

    def run(self) -> None:
        """Ask with pages of any size."""
        chance, real = self.chance, self.twins.real
        real.pages = chance.choice([PAGES, self._pages()])
        real.stretch = chance.choice([EVERYTHING, self._stretch()])
        self._kind()

    # ---- questions

    def read(self) -> None:
        """Versions of a stream, there or back."""
        given = self._span()
        how = {"backwards": self.chance.random() < 0.5, "limit": self._limit()}
        how |= self._right()
        self._same("read", lambda store: list(store.read(*given, **how)), given, how)

    def aread(self) -> None:
        """The same for coroutines."""
        given, how = self._span(), {"limit": self._limit(), **self._right()}
        ask = lambda store: list(async_to_sync(store.aread)(*given, **how))  # noqa: E731
        self._same("aread", ask, given, how)

    def history(self) -> None:
        """As classes."""
        given, how = self._span(), self._right()
        ask = lambda store: list(store.history(*given, **how))  # noqa: E731
        self._same("history", ask, given, how)

    def load(self) -> None:
        """An aggregate, as it is, at a version, or as it was known."""
        stream = self._stream()
        how: dict[str, Any] = self.chance.choice(
            [{}, {"version": self._version(stream)}, {"as_of": self._instant()}]
        )
        (cls,) = aggregates().values()
        name = stream.partition(".")[2]

        def ask(store: Any) -> Any:
            found = AggregateRepository(cls, store, cache=0).load(name, **how)
            return found.version, found.state

        self._same("load", ask, name, how)

    def read_all(self) -> None:
        """A page behind any cut: all that memory gives, or as much of it as the bytes allow."""
        cut, how = self._cut(), self._wanted() | self._right()

        def ask(store: Any) -> Any:
            return list(store.read_all(cut, **how)[0])

        self.said = ("read_all", str(cut), how, self.twins.real.stretch)
        theirs, ours = told(ask, self.twins.memory), told(ask, self.twins.real)
        if isinstance(theirs, list) and isinstance(ours, list):
            assert ours == theirs[: len(ours)]
            assert bool(ours) is bool(theirs)
            if self.twins.real.stretch is EVERYTHING:
                assert ours == theirs
        else:
            assert ours == theirs

    def follow(self) -> None:
        """From a cut to the end: the same events in the same order, however they are divided."""
        ends = self.twins.real.catch_up(self.twins.real.topics.places, timeout_s=30)
        offsets = {p: self.chance.randint(0, n) for p, n in ends.offsets.items()}
        limit, how = self.chance.choice([1, 2, 5, 50]), self._right()

        def ask(store: Any) -> Any:
            cut, found = Cut(offsets), list[Any]()
            for _ in range(10_000):
                events, cut = store.read_all(cut, limit=limit, **how)
                if not events:
                    return found, {p: n for p, n in cut.offsets.items() if n}
                found += events
            msg = "it did not end"
            raise AssertionError(msg)

        self._same("follow", ask, offsets, limit, how)

    def info(self) -> None:
        """Head and times."""
        stream = self._stream()
        self._same("stream_info", lambda store: store.stream_info(stream), stream)

    def as_of(self) -> None:
        """A version by time."""
        given = self._stream(), self._instant()
        self._same("version_as_of", lambda store: store.version_as_of(*given), given)

    def export(self) -> None:
        """One stream's lines behind a cut."""
        stream, clock = self.chance.choice(self.twins.streams), SystemClock()
        ends = self.twins.memory.catch_up(self.twins.real.topics.places, timeout_s=1)
        offsets = {p: self.chance.randint(0, n) for p, n in ends.offsets.items()}
        self.said = ("export", stream, offsets)
        out = BytesIO()
        after = Cut(offsets)
        real = self.twins.real
        export_stream(out, real, stream, source="s", clock=clock, after=after)
        lines = [
            export_line(event, source="s")
            for event in self.twins.memory.read(stream)
            if event.position.offset >= offsets[_place(event)]
        ]
        assert out.getvalue() == b"".join(lines)

    # ---- what is asked with

    def _same(self, name: str, ask: Callable[[Any], Any], *given: object) -> None:
        self.said = (name, *given, self.twins.real.pages)
        assert told(ask, self.twins.real) == told(ask, self.twins.memory)

    def _right(self) -> dict[str, Any]:
        """To open what is sealed, or none."""
        return self.chance.choice([{}, {"opener": opener()}])

    def _pages(self) -> Pages:
        chance = self.chance
        return Pages(chance.choice(ROWS), chance.choice(ROWS), chance.choice(SIZES))

    def _stretch(self) -> Stretch:
        return Stretch(self.chance.choice((0, *ROWS)), self.chance.choice(SIZES))

    def _stream(self) -> str:
        strange = ["garbage", "nothing.a", f"{self.twins.streams[0]}-none", "."]
        return self.chance.choice([*self.twins.streams * 2, *strange])

    def _span(self) -> tuple[Any, ...]:
        stream = self._stream()
        spans = [
            (),
            (self._version(stream),),
            (self._version(stream), self._version(stream)),
            (self._version(stream), None),
        ]
        return (stream, *self.chance.choice(spans))

    def _version(self, stream: str) -> int:
        if stream not in self.twins.streams:
            return self.chance.randrange(-1, 3)
        head, chance = self.twins.heads.get(stream, 0), self.chance
        near = [-1, 0, 1, 2, head - 1, head, head + 1, head + 2, chance.choice(FAR)]
        return chance.choice([*near, *(chance.randint(0, head) for _ in near)])

    def _limit(self) -> int | None:
        return self.chance.choice([None, None, -1, 0, 1, 1, 2, 3, 5, 30, *FAR[:-2]])

    def _instant(self) -> Any:
        beside = timedelta(milliseconds=self.chance.choice([-1, 0, 0, 1]))
        late = SystemClock().now() + timedelta(days=1)
        naive = late.replace(tzinfo=None)
        times = [self.chance.choice(self.twins.times) + beside for _ in range(10)]
        return self.chance.choice([*times, late, naive])

    def _cut(self) -> Cut | None:
        real, chance = self.twins.real, self.chance
        ends = self.twins.memory.catch_up(real.topics.places, timeout_s=1).offsets
        offsets = {p: chance.randint(0, n) for p, n in ends.items()}
        place = chance.choice(list(offsets))
        strange = {place: chance.choice([-1, ends[place] + 1, 2**38, 2**70])}
        some = {place: offsets[place]}
        foreign = {Place("nothing", 0): 1}
        cuts = [offsets] * 6 + [some, {}, ends, offsets | strange, offsets | foreign]
        return chance.choice([None, *map(Cut, cuts)])

    def _wanted(self) -> dict[str, Any]:
        (kind,) = registry().stream_types
        types = self.chance.choice([None, None, [kind], [kind, kind], [], ["nothing"]])
        limits = [1, 2, 3, 5, 30, 1_000, 0, -1, *FAR]
        return {"types": types, "limit": self.chance.choice(limits)}


def told(ask: Callable[[Any], Any], store: object) -> Any:
    """The answer, or how it was refused."""
    try:
        return ask(store)
    except (EventStoreError, ValueError) as error:
        return type(error).__name__, str(error)


def _place(event: Any) -> Place:
    return Place(event.position.topic, event.position.partition)


def test_every_read_is_that_of_the_store_in_memory(
    embedded_store: EventStore,
    fuzz_seed: int,
    fuzz_cases: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Cipher, "seal", boxed_alike)
    chance = Random(fuzz_seed)  # noqa: S311  (repeatable)
    twins = Twins(embedded_store, chance)
    twins.fill(streams=9, commits=90)

    for number in range(fuzz_cases):
        case = Case(twins, chance)
        try:
            case.run()
        except Exception as error:
            msg = f"--fuzz-seed {fuzz_seed}, case {number}: {case.said}"
            raise AssertionError(msg) from error

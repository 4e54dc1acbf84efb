"""What was done, and the zeros: for people, and for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from teddy_es.faults.findings import ZEROS
from teddy_es.faults.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.faults.boxes import Boxes
    from teddy_es.faults.followed import Followed
    from teddy_es.faults.injector import Injector
    from teddy_es.faults.judge import Judge
    from teddy_es.faults.ledger import Ledger
    from teddy_es.faults.loaded import Loaded
    from teddy_es.faults.plan import Wanted
    from teddy_es.faults.world import World


@dataclass(frozen=True)
class Report:
    """seconds: under fire. appends: acknowledged, each once. unknown: commits of which at some time nobody knew.

    followed: rows that handlers wrote, by subscription. failures: how often a handler failed of an event, as it was to.
    texts, texts_erased: sealed ones that the judge opened, and those that nobody can. loads: aggregates. reads: without an end. snapshots: kept at the end. runs: of jobs, that came to their end.
    too_little: why it proves nothing, if that is so.
    """

    log: str
    brokers: int
    seed: str
    seconds: float
    appends: int
    events: int
    calls: int
    answers: dict[str, int]
    modes: dict[str, int]
    faults: dict[str, int]
    kills: int
    unknown: int
    unknown_at_the_end: int
    records: dict[str, int]
    followed: dict[str, int]
    loads: int
    reads: int
    snapshots: int
    runs: int
    texts: int
    texts_erased: int
    persons_erased: int
    failures: int
    zeros: dict[str, int]
    examples: dict[str, list[str]]
    too_little: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, world: World, wanted: Wanted, seconds: float,
        injector: Injector, judge: Judge, boxes: Boxes, followed: Followed, loaded: Loaded,
    ) -> Report:  # fmt: skip
        """From what a campaign leaves."""
        ledger = judge.ledger
        appends = len(ledger.acknowledged())
        return cls(
            log=world.log,
            brokers=len(world.brokers),
            seed=wanted.seed,
            seconds=round(seconds, 1),
            appends=appends,
            events=sum(judge.heads.values()),
            calls=len(ledger.calls),
            answers=_answers(ledger),
            modes=_modes(ledger),
            faults=dict(sorted(injector.done.items())),
            kills=injector.kills,
            unknown=len(ledger.unknown()),
            unknown_at_the_end=ledger.left_open,
            records=dict(judge.verdicts.most_common()),
            followed=dict(followed.rows),
            **loaded.counts,
            **_sealed(boxes, ledger),
            failures=Trouble(world.folder / "troubles").failures,
            zeros=judge.findings.zeros,
            examples=dict(judge.findings.examples),
            too_little=_nothing(loaded, boxes)
            + wanted.lacks(appends, injector.kills, injector.done),
        )

    @property
    def passed(self) -> bool:
        """All zero, and enough was tried for that to mean something."""
        return not self.too_little and not any(self.zeros.values())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"passed": self.passed, **asdict(self)}

    def lines(self) -> Iterator[str]:
        """For people."""
        where = f"Kafka, {self.brokers} broker(s)" if self.brokers else "embedded log"
        rate = self.appends / self.seconds if self.seconds else 0
        yield f"Fault campaign, {where}, seed {self.seed}"
        yield f"  under fire             {self.seconds:.0f} s"
        yield f"  appends acknowledged   {self.appends} ({rate:.0f}/s), {self.events} events in the log"
        yield f"  calls                  {self.calls}: {_listed(self.answers)}"
        yield f"  commits by mode        {_listed(self.modes)}"
        yield f"  faults                 {_listed(self.faults)}"
        yield f"  kill -9                {self.kills}"
        yield f"  outcomes unknown       {self.unknown}, of these {self.unknown_at_the_end} until the end"
        yield f"  records in the log     {_listed(self.records)}"
        yield f"  events handled         {_listed(self.followed)}; handlers failed {self.failures} times, as they were to"
        yield f"  loads, endless reads   {self.loads}, {self.reads}; {self.snapshots} snapshots kept, {self.runs} jobs done"
        yield f"  texts opened           {self.texts}, of {self.persons_erased} erased persons {self.texts_erased} that cannot be"
        yield ""
        for kind, number in self.zeros.items():
            yield f"  {number:>8}  {ZEROS[kind]}"
            yield from (f"            {what}" for what in self.examples.get(kind, ()))
        yield from (f"Nothing was tested: {why}" for why in self.too_little)
        yield "All zero." if self.passed else "FAILED."


def _sealed(boxes: Boxes, ledger: Ledger) -> dict[str, int]:
    persons = len(ledger.erased)
    return {
        "texts": boxes.opened,
        "texts_erased": boxes.erased,
        "persons_erased": persons,
    }


def _answers(ledger: Ledger) -> dict[str, int]:
    words = (call.word if call.answer else "none" for call in ledger.calls.values())
    return dict(Counter(words).most_common())


def _modes(ledger: Ledger) -> dict[str, int]:
    """Of the commits, each once."""
    calls = ledger.calls.items()
    modes = {c.key if c.key[1] else name: c.mode for name, c in calls}
    return dict(Counter(modes.values()).most_common())


def _nothing(loaded: Loaded, boxes: Boxes) -> list[str]:
    counts = loaded.counts | {"texts": boxes.opened, "texts erased": boxes.erased}
    return [f"no {what}." for what, number in counts.items() if not number]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())

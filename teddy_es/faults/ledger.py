"""All journals together: what was proposed, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from teddy_es.faults.journal import facts
from teddy_es.faults.open_ends import NOTHING_WRITTEN, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Key = tuple[str, str | None]  # stream id, commit id; none: nobody was ever told it


@dataclass(slots=True)
class Call:
    """One call of `append`: what was proposed, and the answer if there was one."""

    key: Key
    expected: int | str
    count: int
    mode: str
    event_ids: list[str]  # those that the caller gave
    answer: dict[str, Any] | None = None
    padding: int | None = None  # of its texts

    @property
    def word(self) -> str:
        """The answer in a word; a call without one was its process's last."""
        return self.answer["is"] if self.answer else UNKNOWN


@dataclass
class Ledger:
    """By the names of the calls."""

    calls: dict[str, Call] = field(default_factory=dict)
    outcomes: list[tuple[Key, dict[str, Any]]] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    feed: dict[str, Any] | None = None
    loads: list[dict[str, Any]] = field(default_factory=list)
    reads: list[dict[str, Any]] = field(default_factory=list)
    erasing: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    left_open: int = 0  # commits of which nobody knew when all was well again

    @classmethod
    def of(cls, lines: Iterable[dict[str, Any]]) -> Ledger:
        """From the lines of all journals."""
        ledger = cls()
        for line in lines:
            ledger._enter(line)
        return ledger

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """From the folder of a campaign."""
        names = (
            "writer-*.ndjson",
            "reader.ndjson",
            "loader-*.ndjson",
            "resolver.ndjson",
            "followers.ndjson",
            "eraser-*.ndjson",
        )
        paths = chain.from_iterable(sorted(folder.glob(name)) for name in names)
        return cls.of(chain.from_iterable(map(facts, paths)))

    def _enter(self, line: dict[str, Any]) -> None:
        match line["t"]:
            case "try":
                key = line["s"], line["c"]
                self.calls[line["a"]] = Call(
                    key, line["e"], line["n"], line["m"], line.get("ids", []),
                    padding=line.get("p"),
                )  # fmt: skip
            case "answer":
                call = self.calls[line["a"]]
                call.answer = line
                call.key = call.key[0], call.key[1] or line.get("c")
            case "outcome":
                self.outcomes.append(((line["s"], line["c"]), line))
            case _:
                self._note(line)

    def _note(self, line: dict[str, Any]) -> None:
        """What is no writer's."""
        match line["t"]:
            case "wrong":
                self.wrong.append((line["kind"], line["what"]))
            case "load" | "read" as kind:
                {"load": self.loads, "read": self.reads}[kind].append(line)
            case "feed":
                self.feed = line
            case "erasing" | "erased" as kind:
                {"erasing": self.erasing, "erased": self.erased}[kind].add(
                    line["subject"]
                )
            case "open":
                self.left_open = line["n"]

    def acknowledged(self) -> set[Key]:
        """The commits that somebody was told are accepted."""
        return {call.key for call in self.calls.values() if call.word == "accepted"}

    def settled(self) -> set[Key]:
        """The commits of which somebody was told the verdict."""
        vague = (UNKNOWN, *NOTHING_WRITTEN)
        told = {call.key for call in self.calls.values() if call.word not in vague}
        return told | {key for key, _ in self.outcomes}

    def unknown(self) -> set[Key]:
        """The commits of which at some time nobody could say whether they are in the log, and somebody could ask."""
        calls = self.calls.values()
        return {call.key for call in calls if call.word == UNKNOWN and call.key[1]}

"""Every log line has an `action`, by which people alert on it: said literally, listed in docs/OPERATIONS.md, meaning one thing."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.guards.sources import ROOT, name_of, python_files, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = ("eventstore", "audit", "teddy_es")
LEVELS = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "exception": "error",
    "critical": "critical",
}
MAKERS = {"get_logger", "getLogger"}
PAGE = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
FORM = re.compile(r"[a-z]+(-[a-z]+)+")

# What a line may carry beside its sentence and its action: ids, kinds, numbers, and what errors of ours say, which quote
# nothing. Whoever adds a name here has looked: no name, no address, no payload, nothing that a person has typed.
FACTS = {
    *("account", "attempted", "by"),  # accounts' numbers, a digest
    *("before", "after"),  # names of roles
    *("answer", "cause", "code", "error", "exc_info", "problem", "reason", "remedy"),
    *("job", "runs", "place", "partition", "partitions", "topic", "offset"),
    *("first_offset", "records", "untold", "skew_s", "pause_s"),
    *("commits", "queued", "left", "attempts"),
    *("event_type", "events", "handler", "position"),
    *("stream", "stream_id", "stream_type", "version"),
    *("projection", "subscription", "act", "count"),
    *(
        "asked",
        "kept",
    ),  # which part was not ready; the name under which a file was set aside
}


@dataclass(frozen=True)
class Line:
    """A call of a logger."""

    where: str
    levels: frozenset[str]
    action: str | None
    says: str  # its sentence as the source has it
    facts: frozenset[str]


def lines_of(tree: ast.Module, where: str) -> Iterator[Line]:
    """The calls of loggers in a module. Raises ValueError for a method that is not called where it is named."""
    loggers, dictionaries = _loggers(tree), _dictionaries(tree)
    called = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_method(node.func, loggers):
            called.add(id(node.func))
            yield _line(node, dictionaries, f"{where}:{node.lineno}")
    for node in ast.walk(tree):
        if _is_method(node, loggers) and id(node) not in called:
            msg = f"{where}:{getattr(node, 'lineno', 0)}: call it there, or use `log(level, …)`"
            raise ValueError(msg)


def _loggers(tree: ast.Module) -> set[str]:
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _makes_one(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _makes_one(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    made = node.func
    name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
    return name in MAKERS


def _is_method(node: ast.AST, loggers: set[str]) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr not in {*LEVELS, "log"}:
        return False
    owner = node.value
    return _makes_one(owner) or (isinstance(owner, ast.Name) and owner.id in loggers)


def _dictionaries(tree: ast.Module) -> dict[str, set[str]]:
    """The names of the dictionaries that a module writes out, with their keys."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            keys = {k.value for k in node.value.keys if isinstance(k, ast.Constant)}
            for target in node.targets:
                found.setdefault(ast.unparse(target), set()).update(map(str, keys))
    return found


def _line(call: ast.Call, dictionaries: dict[str, set[str]], where: str) -> Line:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    said = call.args[1:] if method == "log" else call.args
    action, facts = None, set[str]()
    for word in call.keywords:
        if word.arg == "action":
            is_literal = isinstance(word.value, ast.Constant)
            action = str(ast.literal_eval(word.value)) if is_literal else None
        elif word.arg is not None:
            facts.add(word.arg)
        else:
            spread = ast.unparse(word.value)
            facts |= dictionaries.get(spread, {f"**{spread}"})
    return Line(
        where=where,
        levels=_levels(method, call),
        action=action,
        says=ast.unparse(said[0]) if said else "",
        facts=frozenset(facts),
    )


def _levels(method: str, call: ast.Call) -> frozenset[str]:
    """By the method's name; of `log`, the levels that its first argument names."""
    if method != "log":
        return frozenset({LEVELS[method]})
    return frozenset(
        node.attr.lower()
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Attribute) and node.attr.lower() in LEVELS
    )


LINES = [
    line
    for path in python_files(*ROOMS)
    if any(maker in path.read_text("utf-8") for maker in MAKERS)
    for line in lines_of(tree_of(path), name_of(path))
]


def table() -> list[tuple[str, frozenset[str]]]:
    """The actions of the page's tables with their levels."""
    section = PAGE.partition("\n### Log lines\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([a-z, ]+) \|", section, re.MULTILINE)
    return [(name, frozenset(re.findall(r"[a-z]+", said))) for name, said in rows[1:]]


def by_action() -> dict[str, list[Line]]:
    """The lines of each action that is given as it must be."""
    found: dict[str, list[Line]] = {}
    for line in LINES:
        found.setdefault(line.action or "", []).append(line)
    found.pop("", None)
    return found


def test_every_line_gives_a_literal_action() -> None:
    without = [line.where for line in LINES if line.action is None]

    assert not without, (
        f"{without}: give each `action=\"noun-verb\"`, as a literal, and a row in docs/OPERATIONS.md, 'Log lines'."
    )


def test_an_action_is_words_with_hyphens() -> None:
    wrong = [action for action in by_action() if not FORM.fullmatch(action)]

    assert not wrong, f"{wrong}: kebab-case, the noun first, as in stream-parked."


def test_an_action_means_one_thing() -> None:
    twice = {
        action: [line.where for line in lines]
        for action, lines in by_action().items()
        if len({line.says for line in lines}) > 1
    }

    assert not twice, f"{twice}: other sentences are other lines; take another action."


def test_the_page_has_every_action_once_with_its_level() -> None:
    listed = table()
    there = {
        action: frozenset[str]().union(*(line.levels for line in lines))
        for action, lines in by_action().items()
    }

    names = [name for name, _ in listed]
    assert len(names) == len(set(names)), "docs/OPERATIONS.md lists an action twice."
    assert dict(listed) == there, (
        f"docs/OPERATIONS.md, 'Log lines', lacks {sorted(there.keys() - set(names))}, has"
        f" {sorted(set(names) - there.keys())} too many, or says other levels:"
        f" {[n for n, levels in listed if n in there and there[n] != levels]}."
    )


def test_the_page_says_what_to_do_of_each() -> None:
    section = PAGE.partition("\n### Log lines\n")[2].partition("\n### ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]

    short = [row for row in rows if not all(c.strip() for c in row.split(" | ")[:4])]
    assert not short, f"Say what happened and what to do: {short}"
    assert all(row.count(" | ") == 3 for row in rows)


def test_a_line_carries_nothing_but_facts_that_were_looked_at() -> None:
    others = {line.where: sorted(line.facts - FACTS) for line in LINES}
    new = {where: names for where, names in others.items() if names}

    assert not new, (
        f"{new}: nothing personal in log lines. If it is an id, a kind or a number, add it to FACTS."
    )


# ---- the guard itself


SOURCE = """
import logging
import structlog
log = structlog.get_logger(__name__)
log.warning("it waits", action="thing-delayed", place="a/1")
log.log(logging.WARNING if x else logging.ERROR, "it ends", action="thing-ended")
facts = {"topic": 1}
structlog.get_logger("other").exception("it broke", action=name, **facts, **more)
other.warning("no logger")
"""


def test_the_guard_reads_calls() -> None:
    waits, ends, broke = lines_of(ast.parse(SOURCE), "file")

    assert waits.action == "thing-delayed"
    assert waits.says == "'it waits'"
    assert waits.levels == {"warning"}
    assert waits.facts == {"place"}
    assert ends.levels == {"warning", "error"}
    assert ends.says == "'it ends'"
    assert broke.action is None
    assert broke.levels == {"error"}
    assert broke.facts == {"topic", "**more"}


def test_the_guard_refuses_what_it_cannot_follow() -> None:
    source = "log = structlog.get_logger()\ntell = log.warning\ntell('it waits')\n"

    with pytest.raises(ValueError, match="file:2"):
        list(lines_of(ast.parse(source), "file"))


def test_the_guard_sees_lines_at_all() -> None:
    assert len(LINES) > 30
    assert len({line.where.partition(":")[0] for line in LINES}) > 20

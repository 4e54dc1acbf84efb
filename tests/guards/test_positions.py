"""How a position's bits are laid out is known to one file, which packs them; `positions` works with what that gives."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.guards.sources import OURS, name_of, python_files, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAYS_OUT = "eventstore/events.py"
# Who may do the same, or something that looks like it, and why. A line that is no longer needed fails, too.
ALLOWED = {
    LAYS_OUT: "`pack` and `unpack`: the layout itself, which users import from here",
    "eventstore/protocol/placement.py": "murmur2 shifts the bits of a stream's id, not of a position",
    "teddy_es/faults/tables.py": "an independent judge, written from the page and not from the code",
    "teddy_es/faults/naive.py": "the same judge's own murmur2",
    "teddy_es/faults/json_by_hand.py": "the same judge's own UTF-8",
    "teddy_es/bench/mirror.py": "a size in bytes",
    "scripts/house.py": "counts the files that know it",
    "teddy_es/settings.py": "an environment variable is judged before anything of the store is imported",
}
# Widths and distances; 63 and 64 mean other things as well, and 10 and 9 nearly everything.
NUMBERS = {511, 512, 1023, 2**38 - 1, 2**38, 2**48 - 1, 2**48, 2**57 - 1, 2**57}
IN_SQL = re.compile(r"<<|>>|[*/%&+] *\(?(?:512|1023|1024)\b")


def knowledge_in(path: Path) -> Iterator[str]:
    """Every shift, every number of the layout, and SQL with either; docstrings are left out."""
    tree = tree_of(path)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(
            node.op, ast.LShift | ast.RShift | ast.Pow
        ):
            if not isinstance(node.op, ast.Pow) or _value(node) in NUMBERS:
                yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.AugAssign) and isinstance(
            node.op, ast.LShift | ast.RShift
        ):
            yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Constant) and id(node) not in prose:
            is_text = isinstance(node.value, str)
            if node.value in NUMBERS or (is_text and IN_SQL.search(str(node.value))):
                yield f"{node.lineno}: {ast.unparse(node)[:60]}"


def _value(node: ast.BinOp) -> int | None:
    """Of a power of two numbers that stand there."""
    sides = (node.left, node.right)
    if all(isinstance(one, ast.Constant) and type(one.value) is int for one in sides):
        base, exponent = (ast.literal_eval(one) for one in sides)
        return int(base**exponent)
    return None


def knowing() -> dict[str, list[str]]:
    """By file, what it knows."""
    paths = (p for p in python_files(*OURS) if "migrations" not in p.parts)
    found = {name_of(path): list(knowledge_in(path)) for path in paths}
    return {name: lines for name, lines in found.items() if lines}


def test_nobody_else_knows_how_a_position_is_laid_out() -> None:
    """Migrations are left out: what they made is made, whatever the code says later."""
    others = {name: lines for name, lines in knowing().items() if name not in ALLOWED}

    assert not others, (
        f"Shifts, or numbers of the layout, in {others}: ask eventstore.protocol.positions, which has the same for SQL;"
        " if it is about something else, give the file a line with a reason in ALLOWED."
    )


def test_an_exception_is_still_needed() -> None:
    idle = ALLOWED.keys() - knowing().keys()

    assert not idle, f"{sorted(idle)}: take them out of ALLOWED."

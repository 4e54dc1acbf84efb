"""`python scripts/house.py`: how `eventstore/` stands, in figures: rooms, floors, imports, and what is known where.

Run it in the checkout that is meant; `scripts/ways.py` says through how many rooms an append goes.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path.cwd()
CORE: Final = ROOT / "eventstore"
# What applications import, and what Django and Celery look for: it stands at the top whoever uses it.
AT_THE_TOP: Final = """
__init__ aggregates apps bus checks clock conf context errors events jobs metrics models ports reading registry repository
retrying sealing service store tasks
"""
# Shifts, masks and factors of 6 + 9 + 38 + 10 bits.
LAYOUT: Final = re.compile(
    r"(<<|>>)=?\s*(9|10|38|48|58|_[A-Z_]+)\b|[*/%] 512\b|, 512\)|& 1023\b|~0x3FF|~_INDEX\b"
)
Edge = tuple[str, str]


def files(folder: Path) -> Iterator[Path]:
    """The Python files below it, migrations left out."""
    for path in sorted(folder.rglob("*.py")):
        if not {"__pycache__", "migrations"} & set(path.parts):
            yield path


def module_of(path: Path) -> str:
    """As it is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """What stands at the top level: of the core its module or package, else the package."""
    parts = module.split(".")
    return parts[1] if parts[0] == "eventstore" and len(parts) > 1 else parts[0]


def rooms() -> set[str]:
    """Those of the core."""
    return {room_of(module_of(path)) for path in files(CORE)} - {"eventstore"}


def floors() -> Mapping[str, int]:
    """Room → its layer in the contract, from above."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one["id"] == "rooms"]
    return {
        room.strip(" ()"): number
        for number, layer in enumerate(layers)
        for room in re.split(r"[|:]", layer)
    }


def imports(*packages: str) -> set[Edge]:
    """Who imports which module of the core, for its types, too."""
    modules = frozenset(map(module_of, files(CORE)))
    return {
        (module_of(path), other)
        for package in packages
        for path in files(ROOT / package)
        for other in _imported(path, modules)
    }


def _imported(path: Path, modules: frozenset[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            for name in node.names:
                deeper = f"{node.module}.{name.name}"
                yield deeper if deeper in modules else str(node.module)


def of_one_user() -> list[str]:
    """Modules in the hall that one room alone has a use for."""
    users: dict[str, set[str]] = defaultdict(set)
    for one, other in imports("eventstore", "audit", "teddy_es"):
        users[room_of(other)] |= {room_of(one)} - {room_of(other)}
    halls = {path.stem for path in CORE.glob("*.py")} - {*AT_THE_TOP.split()}
    return sorted(name for name in halls if len(users[name]) <= 1)


def knowing_the_layout() -> list[str]:
    """The files with bit work on positions and partitions' numbers."""
    found = (path for path in files(CORE) if LAYOUT.search(path.read_text("utf-8")))
    return [path.relative_to(ROOT).as_posix() for path in found]


def figures() -> Mapping[str, int]:
    """By what they count."""
    own = imports("eventstore")
    between = {(room_of(one), room_of(other)) for one, other in own}
    return {
        "rooms": len(rooms()),
        "floors": len(set(floors().values())),
        "imports from module to module": len(own),
        "imports from room to room": sum(one != other for one, other in between),
        "files that know the bit layout": len(knowing_the_layout()),
        "modules in the hall with one user": len(of_one_user()),
    }


if __name__ == "__main__":
    for what, number in figures().items():
        print(f"{what}: {number}")  # noqa: T201

"""`python -m scripts.places` writes docs/PLACES.md out of the register of places. A guard compares the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eventstore.places import Holds, Kind, Place, Reach, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.places import Register

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "PLACES.md"
PROJECTS = ROOT / "teddy_es" / "places.toml"

_HEAD = """# The register of places

What every column of every table, every topic and every file that the product writes may hold of a person, and how an erasure
reaches it. Written by `python -m scripts.places` out of `eventstore/places/store.toml` and `teddy_es/places.toml`; not to be
edited by hand. `tests/guards/test_places.py` fails when a column, a topic or a file is not in it, or is no more. The dry run of
an erasure goes through the same register, so it cannot leave a kind out.

| it holds | that is |
|---|---|
| none | nothing of anybody |
| pseudonym | an id that stands for a person, or what belongs to one id: times, codes, counts |
| sealed | data of a person, which nobody reads without a key of that person |
| clear | data of a person as it is; why that may be stands beside it |

| an erasure | that is |
|---|---|
| keys | destroys the keys: what is sealed there can never be opened again, wherever a copy of it lies; the bytes stay |
| stays | leaves it: nothing of it is sensitive, and it proves what was done |
| removed | deletes the subject's rows |
| remade | deletes them, and they are made again from what remains |
| told | is told to its owner by an event, and the owner removes its own rows |
| expires | waits until it goes by itself; the page says how long |
| operator | cannot reach it: the page says what a person has to do |
"""


def page(register: Register) -> str:
    """All places, in their order."""
    parts = [_HEAD, *_tables(register), *_simple(register, Kind.TOPIC, "Topics")]
    parts += _simple(register, Kind.FILE, "Files")
    return "\n".join(parts)


def project_register() -> Register:
    """The store's places and the project's."""
    return read([PROJECTS])


def _tables(register: Register) -> Iterator[str]:
    tables = register.of_kind(Kind.TABLE)
    yield "## Tables\n"
    yield "Those that hold something of a person; of all columns that are not named it is nothing.\n"
    for place in tables:
        if place.holds is not Holds.NONE:
            yield from _table(place)
    rest = sorted(place.name for place in tables if place.holds is Holds.NONE)
    yield f"Nothing of anybody: {', '.join(f'`{name}`' for name in rest)}.\n"


def _table(place: Place) -> Iterator[str]:
    others = ", ".join(f"`{name}`" for name in place.databases if name != "default")
    where = f" (database {others})" if others else ""
    yield f"### `{place.name}`{where}\n"
    yield f"{place.what}. {_reach(place)}\n"
    yield "| column | holds | |\n|---|---|---|"
    for part in place.parts.values():
        if part.holds is not Holds.NONE:
            yield f"| `{part.name}` | {part.holds} | {part.reason} |"
    yield ""


def _simple(register: Register, kind: Kind, title: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| | what it is | holds | why | an erasure |\n|---|---|---|---|---|"
    for place in register.of_kind(kind):
        part = place.parts[""]
        reach = place.reach or ""
        yield f"| `{place.name}` | {place.what} | {part.holds} | {part.reason} | {reach} |"
    yield ""


def _reach(place: Place) -> str:
    if place.reach is None:
        return "About no subject."
    found = f"A subject's rows: by {place.subject}."
    return f"{found} An erasure: **{Reach(place.reach)}**."


if __name__ == "__main__":
    PAGE.write_text(page(project_register()), "utf-8")

"""Text that came from outside, made honest: a character that is not seen, or turns round what is, is spelled out.

Payloads, reasons, names and errors are other people's. With such characters one text looks like another, a name like
nobody's, and a terminal does what it is told. Whoever shows stored text, shows it through one of these.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Printable by their category and drawn as nothing, or as a blank: Unicode's default-ignorable letters and marks, and others.
_DRAWN_AS_NOTHING: Final = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0000, 0xE1000),
}
_BLANKS: Final = " \u00a0\u3000"  # as wide as they look
_CATEGORIES: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
# Two selectors choose between an emoji's forms, right behind one; behind anything else they hide.
_FORMS: Final = "\ufe0e\ufe0f"
_HAS_FORMS: Final = re.compile(r"[©®‼⁉™ℹ↔-↪⌀-⏿Ⓜ▪-➿⤴⤵⬅-⭕〰〽㊗㊙🀄-🫿#*0-9]")  # noqa: RUF001  (an emoji)


def unseen(text: str, *, but: str = "") -> list[str]:
    """The characters of a text that are not seen, as U+034F. but: which of them may be there, as line ends."""
    characters: list[str] = []

    def keep(character: str) -> str:
        characters.append(code_point(character))
        return character

    replace_unseen(text, keep, but=but)
    return characters


def visible(text: str, *, but: str = "") -> str:
    """A text for a terminal or a line: what is not seen stands there as <U+034F>, a line end as <U+000A>."""
    return replace_unseen(text, lambda c: f"<{code_point(c)}>", but=but)


def visible_json(text: str) -> str:
    """JSON's text, still the same JSON: what is not seen is escaped as JSON does it. Line ends between values stay."""
    return replace_unseen(text, _escaped, but="\n")


def code_point(character: str) -> str:
    """U+034F."""
    return f"U+{ord(character):04X}"


def replace_unseen(text: str, replace: Callable[[str], str], *, but: str = "") -> str:
    """The text with each character that is not seen replaced; those of `but` stay."""

    # A text has few different characters: this is a tenth of the time of looking at each where it stands.
    characters = [c for c in set(text) if c not in but and _is_unseen(c)]
    if not characters:
        return text
    return re.sub(
        f"[{re.escape(''.join(characters))}]",
        lambda one: one.group() if _is_of_an_emoji(one) else replace(one.group()),
        text,
    )


@lru_cache(maxsize=10_000)
def _is_unseen(character: str) -> bool:
    if ord(character) in _DRAWN_AS_NOTHING:
        return True
    return character not in _BLANKS and unicodedata.category(character) in _CATEGORIES


def _is_of_an_emoji(match: re.Match[str]) -> bool:
    """Whether it is the selector of an emoji's form, right behind the emoji."""
    if match.group() not in _FORMS or not match.start():
        return False
    return bool(_HAS_FORMS.match(match.string[match.start() - 1]))


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = (units[n : n + 2] for n in range(0, len(units), 2))
    return "".join(f"\\u{int.from_bytes(pair):04x}" for pair in pairs)

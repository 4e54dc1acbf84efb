"""JSON as the log's grammar has it (docs/RECORD_FORMAT.md): one reading of every text, or none.

Libraries are lenient, each in its own way and in each release anew: NaN, a name twice, half a surrogate pair, 5,000
digits, a depth that hangs on the interpreter's stack. What a record says must not depend on that, so every such
question is asked here. Reasons are stable words: they stand in the mirror.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Never

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_INTEGER: Final = 2**53
MAX_DEPTH: Final = 64

# A string without an end is one token too: else every quote in it would be tried as a start, for hours.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


class Broken(Exception):  # noqa: N818  (a way out of the reader, not an error of ours)
    """The text breaks the grammar; the argument is the reason."""


def parse(value: bytes) -> Any:
    """The value that a JSON text is: objects as dicts, integers (no point, no exponent) as ints. Raises `Broken`."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        msg = "not_utf8"
        raise Broken(msg) from None
    if text.startswith("\ufeff"):
        msg = "byte_order_mark"
        raise Broken(msg)
    # Counted before parsing: how deep is too deep must not depend on the interpreter's stack.
    if may_be_deep(value) and _depth(value) > MAX_DEPTH:
        msg = "too_deep"
        raise Broken(msg)
    try:
        node = _JSON.decode(text)
    except json.JSONDecodeError:
        msg = "not_json"
        raise Broken(msg) from None
    if "\\u" in text:
        _refuse_forbidden_characters(node)
    return node


def may_be_deep(value: bytes) -> bool:
    """Whether there are brackets enough to nest too deep; most texts are spared the look at how they do."""
    return value.count(b"{") + value.count(b"[") > MAX_DEPTH


def refuse_other_than_json(value: Any) -> None:
    """Raise `Broken` where a value holds what JSON has no form for.

    Encoders have one for it all the same: they write a NaN as null, bytes as base64, the number 1 as the name "1".
    Then the log would hold something else than what it was given.
    """
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            msg = "not_json"
            raise Broken(msg)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            refuse_other_than_json(inner)
    elif isinstance(value, float) and not isfinite(value):
        msg = "number_out_of_range"
        raise Broken(msg)
    elif not (value is None or isinstance(value, str | int | float)):
        msg = "not_json"
        raise Broken(msg)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        msg = "name_twice"
        raise Broken(msg)
    return fields


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(number := int(digits)) > MAX_INTEGER:
        msg = "number_out_of_range"
        raise Broken(msg)
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        msg = "number_out_of_range"
        raise Broken(msg)
    return number


def _constant(_word: str) -> Never:
    msg = "not_json"
    raise Broken(msg)  # NaN, Infinity: Python's parser takes them, JSON has none


_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)


def _depth(value: bytes) -> int:
    """How deep the brackets nest, strings left out."""
    depth = deepest = 0
    for token in _TOKEN.finditer(value):
        first = token.group()[0]
        if first in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def _refuse_forbidden_characters(node: Any) -> None:
    for text in _texts(node):
        if "\x00" in text:
            msg = "nul_character"
            raise Broken(msg)
        try:
            text.encode()
        except UnicodeEncodeError:
            msg = "lone_surrogate"
            raise Broken(msg) from None


def _texts(node: Any) -> Iterator[str]:
    stack: list[Any] = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            stack.extend(node)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)

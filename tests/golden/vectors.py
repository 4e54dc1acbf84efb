"""Reads the golden files. How a line is written stands in tests/golden/README.md."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def lines(name: str) -> list[dict[str, Any]]:
    """The vectors of one file, in its order."""
    text = (FOLDER / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def bytes_of(written: dict[str, Any] | None) -> bytes | None:
    """Bytes as a golden file writes them: null, `text`, `base64` or a `recipe` for what would be long."""
    if written is None:
        return None
    if "text" in written:
        return str(written["text"]).encode()
    if "base64" in written:
        return b64decode(written["base64"], validate=True)
    recipe = written["recipe"]
    repeated = recipe["between"].join(
        recipe["each"].replace("<n>", f"{n:012x}") for n in range(recipe["times"])
    )
    return f"{recipe['before']}{repeated}{recipe['after']}".encode()


def plain(value: Any) -> str:
    """A text that is equal for equal JSON values, and tells 1 from 1.0 and from true."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True)

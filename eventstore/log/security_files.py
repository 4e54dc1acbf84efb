"""The files that the options of a connection name: looked for at start, and before each first contact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES: Final = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_crlfile")


def unreadable(options: Mapping[str, Any]) -> dict[str, str]:
    """Which of them cannot be read, and why: an error's class by option. TLS itself would not say which of them."""
    reasons = {}
    for option in FILES:
        if path := options.get(option):
            try:
                with Path(path).open("rb") as file:
                    file.read(1)
            except OSError as error:
                reasons[option] = type(error).__name__
    return reasons

"""What stands beside an event's data: the form of a box, in one place for the strict reader and the quick one."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from eventstore.events import Sealed

_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_NONCE: Final = re.compile(r"[A-Za-z0-9+/]{16}")


def is_sound(sealed: Sealed) -> bool:
    """Whether this is a key's id, a nonce of 12 bytes and a box, each in its one form."""
    return (
        _UUID.fullmatch(sealed.key) is not None
        and _NONCE.fullmatch(sealed.nonce) is not None
        and _is_base64(sealed.box)
    )


def _is_base64(text: str) -> bool:
    """Padded standard base64 whose unused bits are zero: one text for each sequence of bytes, so what is written of those is compared."""
    try:
        return b2a_base64(a2b_base64(text), newline=False) == text.encode()
    except ValueError:  # no base64 at all
        return False

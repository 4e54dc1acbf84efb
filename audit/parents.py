"""A parent is found by the e-mail address that somebody gives on the phone, though the address is sealed."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from eventstore.blind import BlindIndex
from teddy_es.domain.parent import ParentRegistered

if TYPE_CHECKING:
    from collections.abc import Sequence


def normalised(address: str) -> str:
    """The same address as people write it: without blanks around it, in one form of Unicode, large and small letters alike."""
    return unicodedata.normalize("NFKC", address).strip().casefold()


by_email: Final = BlindIndex("parent-email", ParentRegistered, "email", normalised)


def find_parent(email: str) -> Sequence[str]:
    """The stream ids of the parents with this address: none, one, or several who share it.

    What was registered a moment ago is found as soon as the subscription `blind-parent-email` has handled it. Whoever shows
    what was found to a person asks the `AccessRecorder` before. Raises `KeyStoreUnavailable`.
    """
    return by_email.find(email)

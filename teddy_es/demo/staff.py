"""Who works here: the accounts that the quickstart makes, one for each role, and what they are called in events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNTS: Final[Mapping[str, str]] = {
    "officer": "compliance_officer",
    "reviewer": "reviewer",
    "protection": "data_protection_officer",
    "auditor": "external_auditor",
    "operator": "operator",
    "responder": "child_safety_responder",
}
"""Name of the account → its role."""


@dataclass(frozen=True, slots=True)
class Staff:
    """What those are called in events who have looked at data, or have done something."""

    officer: str = "officer"
    reviewer: str = "reviewer"
    protection: str = "protection"
    auditor: str = "auditor"
    responder: str = "responder"

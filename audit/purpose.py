"""Why somebody looks at persons' data: one of a closed list, in an officer's words; kept for the session, and no longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from teddy_es.domain.access import PURPOSES
from teddy_es.domain.fields import is_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

_KEPT: Final = "purpose"  # in the session


@dataclass(frozen=True, slots=True)
class Words:
    """How a purpose is said. needs_reference: whether it counts only with the number of a case."""

    label: str
    means: str
    needs_reference: bool = False


WORDS: Final[Mapping[str, Words]] = {
    "safety_review": Words("Safety review", "I look into a child’s safety."),
    "parent_request": Words("Parent’s request", "A parent asked me to look."),
    "regulator": Words("Regulator", "An authority asked a question."),
    "quality_sample": Words("Quality sample", "I check a sample of our own work."),
    "incident": Words("Incident", "Something went wrong, and I find out what."),
    "audit": Words("Audit", "I check that our controls ran."),
    "statutory_report": Words(
        "Statutory report", "The law demands a report.", needs_reference=True
    ),
    "legal_process": Words(
        "Legal process", "A court or a prosecutor asked.", needs_reference=True
    ),
    "complaint": Words("Complaint", "Somebody complained.", needs_reference=True),
    "breach_assessment": Words(
        "Breach assessment",
        "Data may have come into wrong hands.",
        needs_reference=True,
    ),
    "rule_evaluation": Words(
        "Rule evaluation", "I check how well a safety rule finds what it should."
    ),
}


class PurposeRefused(ValueError):  # noqa: N818  (an answer, not a fault)
    """Why this is no purpose, in a sentence."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why; reference: the number of the case, where there is one."""

    code: str
    reference: str | None = None

    @property
    def label(self) -> str:
        """In a word or two."""
        return WORDS[self.code].label


def purpose_from(code: object, reference: object) -> Purpose:
    """What somebody chose and typed. Raises `PurposeRefused`; the sentence repeats nothing of it."""
    if not isinstance(code, str) or code not in WORDS or code not in PURPOSES:
        msg = "Choose one of the purposes."
        raise PurposeRefused(msg)
    typed = reference.strip() if isinstance(reference, str) else ""
    if typed and not is_code(typed):
        msg = "A reference is the number of a case: up to 100 letters, digits and . : / _ - without blanks."
        raise PurposeRefused(msg)
    if WORDS[code].needs_reference and not typed:
        msg = f"“{WORDS[code].label}” needs a reference: the number of the case, the letter or the order."
        raise PurposeRefused(msg)
    return Purpose(code, typed or None)


def purpose_of(request: HttpRequest) -> Purpose | None:
    """The session's; None while nobody has chosen one."""
    return _read(request.session.get(_KEPT))


def keep_purpose(request: HttpRequest, purpose: Purpose) -> None:
    """From now on, until the session ends."""
    request.session[_KEPT] = as_kept(purpose)[_KEPT]


def as_kept(purpose: Purpose) -> dict[str, Any]:
    """As it stands in a session."""
    return {_KEPT: {"code": purpose.code, "reference": purpose.reference}}


def _read(kept: object) -> Purpose | None:
    """A list that has changed since: whoever chose what is no more on it chooses anew."""
    if not isinstance(kept, dict):
        return None
    try:
        return purpose_from(kept.get("code"), kept.get("reference"))
    except PurposeRefused:
        return None

"""What officers send about a violation. Each form has the version that the officer saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from audit.violations.words import OUTCOMES
from teddy_es.domain.fields import is_code

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_WORDS: Final = 4_000
NEWEST: Final = 2**31 - 1  # the highest version that a read model can hold


class _Text(forms.CharField):
    """Lines end as they are counted in the browser."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class SeenForm(forms.Form):
    """Nothing but what was seen. request: the version of the request for a second person."""

    seen = forms.IntegerField(min_value=0, max_value=NEWEST, widget=forms.HiddenInput)
    request = forms.IntegerField(
        min_value=0, max_value=NEWEST, required=False, widget=forms.HiddenInput
    )


class NoteForm(SeenForm):
    """With a note."""

    note = _Text(
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReasonForm(SeenForm):
    """With a note that must be there, but about an erased child: nothing that is written about it can be kept."""

    without_note = forms.BooleanField(required=False)
    note = _Text(
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_note(self) -> str:
        """Raises ValidationError where there is none. without_note: it is left out."""
        typed: str = self.cleaned_data["note"]
        if self.cleaned_data["without_note"]:
            return ""
        if not typed:
            msg = "Say why."
            raise forms.ValidationError(msg)
        return typed


class DecisionForm(ReasonForm):
    """What it was, by which clause, and why."""

    outcome = forms.ChoiceField(
        choices=list(OUTCOMES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what it was."},
    )
    clause = _Text(
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = _Text(
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def clean_clause(self) -> str:
        """Raises ValidationError for what is no code."""
        typed: str = self.cleaned_data["clause"].strip()
        if typed and not is_code(typed):
            msg = "A clause is a short code, such as 4.1 or policy/4.1, without blanks."
            raise forms.ValidationError(msg)
        return typed


FORMS: Final[Mapping[str, type[SeenForm]]] = {
    "acknowledge": SeenForm,
    "claim": SeenForm,
    "give-back": SeenForm,
    "decide": DecisionForm,
    "reopen": ReasonForm,
    "approve": SeenForm,
    "refuse": ReasonForm,
    "withdraw": SeenForm,
    "ask-again": SeenForm,
}
"""By the act that is asked for."""

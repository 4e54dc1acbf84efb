"""Why somebody looks: a closed list, in words; what is kept of it is read with the same care."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.purpose import WORDS, Purpose, PurposeRefused, as_kept, purpose_from
from teddy_es.domain.access import PURPOSES
from teddy_es.domain.fields import is_code

DEMANDING = {"statutory_report", "legal_process", "complaint", "breach_assessment"}


def test_every_purpose_of_the_ledger_has_its_words_and_no_other_has() -> None:
    assert set(WORDS) == set(PURPOSES)
    assert {code for code, words in WORDS.items() if words.needs_reference} == DEMANDING
    for words in WORDS.values():
        assert words.means.endswith(".")


@given(
    st.one_of(st.sampled_from(PURPOSES), st.text(max_size=20), st.none()),
    st.one_of(st.from_regex(r"\A[ ]?[A-Z0-9./:_-]{0,101}\Z"), st.text(), st.none()),
)
def test_a_purpose_is_of_the_list_and_its_reference_fits_the_ledger(
    code: str | None, reference: str | None
) -> None:
    try:
        found = purpose_from(code, reference)
    except PurposeRefused as refused:
        said = str(refused)
        assert said.endswith((".", "order."))
        assert not reference or len(reference) < 12 or reference not in said
        return

    assert found.code == code
    assert found.code in PURPOSES
    assert found.reference is None or is_code(found.reference)
    assert found.reference is not None or code not in DEMANDING


@pytest.mark.parametrize("code", sorted(DEMANDING))
@pytest.mark.parametrize("reference", ["", " ", None, "two words", "x" * 101])
def test_some_purposes_demand_a_reference(code: str, reference: Any) -> None:
    with pytest.raises(PurposeRefused):
        purpose_from(code, reference)

    assert purpose_from(code, " AZ-12/26 ") == Purpose(code, "AZ-12/26")


def test_what_is_kept_is_the_purpose() -> None:
    kept = as_kept(Purpose("complaint", "C-1"))

    assert kept == {"purpose": {"code": "complaint", "reference": "C-1"}}

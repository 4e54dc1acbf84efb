"""Headers that say a condition or an id: taken as what they mean, or refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.api.conditional import etag, expected_in, key_in, matches
from eventstore.api.problems import InvalidHeader

printable = st.text(st.characters(codec="latin-1"), max_size=12)


@given(st.integers(0, 2**31 - 1))
def test_an_etag_is_read_as_the_version_that_it_was_made_of(version: int) -> None:
    assert expected_in(etag(version)) == version
    assert matches(etag(version), version)
    assert matches(f'"x", W/{etag(version)}', version)
    assert not matches(etag(version), version + 1)


@given(printable)
def test_a_header_is_understood_or_refused(text: str) -> None:
    for read in (expected_in, key_in, lambda said: matches(said, 1)):
        with suppress(InvalidHeader):  # anything else would be a 500
            read(text)


@pytest.mark.parametrize(
    "text", ["4", '"4', 'W/"4"', '"4","5"', '"04"', '"-1"', '"1e3"', '"٤"', ""]
)
def test_what_is_no_version_of_a_stream_is_refused(text: str) -> None:
    with pytest.raises(InvalidHeader):
        expected_in(text)


@pytest.mark.parametrize("text", ["4", '"4', '"4" "5"', '"4",', '"\x7f"', ""])
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(InvalidHeader):
        matches(text, 4)


def test_a_star_is_any_version() -> None:
    assert expected_in(" * ") == "stream_exists"
    assert matches("*", 7)


@given(st.uuids())
def test_a_key_is_a_uuid_in_its_usual_form(key: object) -> None:
    assert key_in(f" {key} ") == key
    assert key_in(str(key).upper()) == key
    for other in (f"{{{key}}}", f"urn:uuid:{key}", str(key).replace("-", "")):
        with pytest.raises(InvalidHeader):
            key_in(other)

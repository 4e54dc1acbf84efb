"""What a validator says is handed on without what it quotes: that may be a person's words."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from eventstore.registry.wording import without_value

WORDS = "what-nobody-may-find"


class Said(msgspec.Struct, tag="said"):
    """One of two."""

    text: str


class Seen(msgspec.Struct, tag="seen", forbid_unknown_fields=True):
    """The other."""

    number: int = 0


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ({"type": WORDS}, Said | Seen),
        (WORDS, Literal["a", "b"]),
        ({"type": "seen", WORDS: 1}, Said | Seen),
        ({"a": {"type": WORDS}}, dict[str, Said | Seen]),
    ],
)
def test_nothing_of_the_value_is_said(value: Any, type_: Any) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(value, type_)

    assert WORDS in str(refused.value)
    assert WORDS not in without_value(str(refused.value))

"""What the fields of the domain's events may hold: ids, codes, listed values, and free text that is sealed.

Whatever could identify a person is free text and therefore sensitive; everything else has a form that free
text does not fit. Patterns are anchored, because msgspec only searches for them.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

import msgspec

from eventstore.registry import SENSITIVE

_ID: Final = r"\A[A-Za-z0-9_-]{1,100}\Z"
_OWN_ID: Final = re.compile(_ID)

Id = Annotated[str, msgspec.Meta(pattern=_ID)]
"""The own id of a child, a conversation, a parent: what stands behind the dot of its stream."""

_CODE: Final = r"\A[A-Za-z0-9_.:/-]{1,100}\Z"
_ONE_CODE: Final = re.compile(_CODE)

Code = Annotated[str, msgspec.Meta(pattern=_CODE)]
"""An id or a code of some other system, a version, a language, a clause of a law. Never free text."""

Month = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-(0[1-9]|1[0-2])\Z")]
"""A month of the calendar, UTC: `2026-11`."""

MonthOrAll = Annotated[str, msgspec.Meta(pattern=r"\A([0-9]{4}-(0[1-9]|1[0-2])|all)\Z")]
"""The same, or `all`: a union with a literal would be checked by the month's pattern alone."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

Words = Annotated[str, SENSITIVE, msgspec.Meta(max_length=100_000)]
"""What somebody said or wrote."""

Name = Annotated[str, SENSITIVE, msgspec.Meta(min_length=1, max_length=1_000)]
"""A name or an address of a person."""


def is_id(text: str) -> bool:
    """Whether this can be the own id of a stream of the domain."""
    return _OWN_ID.search(text) is not None


def is_code(text: str) -> bool:
    """Whether this can be a field's code, or the number of a case."""
    return _ONE_CODE.search(text) is not None

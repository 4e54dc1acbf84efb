"""Cursors as callers see them: signed, and good for the list, the filters and the binding that they were given out for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.core.signing import BadSignature, Signer

from eventstore.api.problems import BadCursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.api.callers import Caller

_REFUSED: Final = "The cursor was not given out by this list for this account."


def signed(text: str, listed: str, caller: Caller, filters: Mapping[str, Any]) -> str:
    """What is given out for a cursor. listed: the list's name. filters: what else the list was asked for."""
    return _signer(listed, caller, filters).sign(text)


def checked(
    cursor: str, listed: str, caller: Caller, filters: Mapping[str, Any]
) -> str:
    """What was signed. Raises `BadCursor`."""
    try:
        return _signer(listed, caller, filters).unsign(cursor)
    except BadSignature as error:
        raise BadCursor(_REFUSED) from error


def _signer(listed: str, caller: Caller, filters: Mapping[str, Any]) -> Signer:
    said = json.dumps(
        [
            listed,
            caller.binding,
            sorted((k, str(v)) for k, v in filters.items() if v is not None),
        ]
    )
    return Signer(sep="~", salt=f"eventstore.api.cursors:{said}")

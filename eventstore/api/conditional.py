"""Headers that say under which condition something is done, or under which id. Whatever is not understood is refused, never passed over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from eventstore.api import parameters
from eventstore.api.problems import InvalidHeader

if TYPE_CHECKING:
    from uuid import UUID

KEY: Final = "Idempotency-Key"
IF_MATCH: Final = "If-Match"
IF_NONE_MATCH: Final = "If-None-Match"

_VERSION: Final = re.compile(r'"(0|[1-9][0-9]{0,15})"')
_TAGS: Final = re.compile(
    r'(?:W/)?"[\x21\x23-\x7e]*"(?:[ \t]*,[ \t]*(?:W/)?"[\x21\x23-\x7e]*")*'
)
_ANY: Final = "*"


def etag(version: int) -> str:
    """A stream's version as an entity tag: it changes with each commit and with nothing else."""
    return f'"{version}"'


def key_in(header: str) -> UUID:
    """The id that a commit is to have. Raises `InvalidHeader`."""
    try:
        return parameters.uuid(header.strip())
    except ValueError as error:
        msg = f"{KEY} must be {error}."
        raise InvalidHeader(msg, header=KEY) from None


def expected_in(if_match: str) -> int | str:
    """What a commit expects of its stream, said as an entity tag: one version, or `*`: that it exists. Raises `InvalidHeader`."""
    said = if_match.strip()
    if said == _ANY:
        return "stream_exists"
    found = _VERSION.fullmatch(said)
    if found is None:
        msg = f'{IF_MATCH} must be the ETag of one version, as in "4", or *: no other tag ever was a stream\'s.'
        raise InvalidHeader(msg, header=IF_MATCH)
    return int(found[1])


def matches(if_none_match: str, version: int) -> bool:
    """Whether the caller has this version already. Raises `InvalidHeader`."""
    said = if_none_match.strip()
    if said == _ANY:
        return True
    if _TAGS.fullmatch(said) is None:
        msg = f'{IF_NONE_MATCH} must be entity tags, as in "4", or *.'
        raise InvalidHeader(msg, header=IF_NONE_MATCH)
    return etag(version) in {tag.strip().removeprefix("W/") for tag in said.split(",")}

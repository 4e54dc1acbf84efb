"""What a token may be allowed."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """A token does what its account's scopes name, and nothing else. `sentence` says it in an error and in the docs."""

    READ = "streams:read"
    """Read streams, lists and the feed; what is sensitive stays sealed."""
    APPEND = "streams:append"
    """Append events, and ask what became of a commit."""
    OPEN = "pii:read"
    """See what is sealed, wherever it may read."""


ALL = tuple(str(scope) for scope in Scope)

"""Every call of the HTTP API, as the project's addresses have it: whoever adds one is in this list, and forgets nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.api.endpoint import Endpoint

PREFIX = "api/"
ANYWHERE = ""


@dataclass(frozen=True)
class Call:
    """route: as Django writes it, without the slash before it. names: of what stands in it."""

    route: str
    name: str
    view: type[Endpoint]
    names: tuple[str, ...]

    def address(self, **objects: str) -> str:
        """With these in the place of its names."""
        found = f"/{self.route}"
        for name in self.names:
            found = found.replace(f"<str:{name}>", objects[name])
        return found

    def __str__(self) -> str:
        return self.name


def calls() -> Sequence[Call]:
    """All below `/api/`, in the order of the addresses; the last one is what is nowhere else."""
    return [
        Call(
            route,
            str(pattern.name),
            pattern.callback.cls,  # type: ignore[attr-defined]
            tuple(pattern.pattern.converters),
        )
        for route, pattern in _walked(get_resolver().url_patterns)
        if route.startswith(PREFIX)
    ]


def _walked(
    patterns: Sequence[URLPattern | URLResolver], before: str = ANYWHERE
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _walked(pattern.url_patterns, route)
        else:
            yield route, pattern

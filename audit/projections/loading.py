"""What is asked of the projections' classes, which may be broken while everything else is fine."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")
_log = structlog.get_logger(__name__)


def of_projections(ask: Callable[[], _Found], otherwise: _Found) -> tuple[_Found, bool]:
    """What is asked of their classes, and whether these could be loaded: figures are shown in any case."""
    try:
        return ask(), True
    except (ImproperlyConfigured, ImportError) as error:
        _log.warning(
            "the projections cannot be loaded",
            action="projections-unloadable",
            error=str(error),
        )
        return otherwise, False

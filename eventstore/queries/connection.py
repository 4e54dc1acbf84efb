"""The one place where reads get their database connection: Django's, in whatever transaction the caller is in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.utils import CursorWrapper


@contextmanager
def reading_cursor() -> Iterator[CursorWrapper]:
    """A cursor for reads. Outside of a transaction it sees everything that was acknowledged."""
    with connection.cursor() as cursor:
        yield cursor

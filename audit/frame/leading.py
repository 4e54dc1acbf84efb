"""Where a form may send its reader on to: a page of ours, and no other host."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

_NOWHERE: Final = {None, "login", "logout"}  # None: what the site has no page at


def leads_somewhere(target: str) -> bool:
    """Whether a page of ours is there. An address of another host leads nowhere."""
    try:
        parts = urlsplit(target)
        there = resolve(parts.path)
    except (ValueError, Resolver404):
        return False
    return not (parts.scheme or parts.netloc) and there.url_name not in _NOWHERE

"""Who has something done, and why: as options of a command, and as what is recorded."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from eventstore.subscriptions.operating import Order

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


def add_order(parser: CommandParser) -> None:
    """The options."""
    parser.add_argument("--reason", required=True, help="why; the store keeps it")
    parser.add_argument(
        "--by", default=getpass.getuser(), help="who; the store keeps it"
    )


def order_of(options: dict[str, Any]) -> Order:
    """What they say. Raises ValueError for an empty name, and for a reason that is none or too long."""
    return Order(options["by"], options["reason"])

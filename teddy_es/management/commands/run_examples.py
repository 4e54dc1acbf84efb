"""`run_examples`: how applications work with the store, in five acts."""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentTypeError
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.core.checks import Tags
from django.core.management.base import BaseCommand
from django.db import connections

from eventstore.management.troubles import reported_in_a_line
from eventstore.service import EventSourcingService
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from types import ModuleType

EXAMPLES: Final = ("basics", "changes", "violation", "streams", "conversation")


class Command(BaseCommand):
    """Thin: which ones, and where their lines go."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Run the examples of teddy_es/examples on the configured store; each writes streams of its own, whose ids begin"
        " with example-. Examples: manage.py run_examples; manage.py run_examples 3"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument(
            "numbers",
            nargs="*",
            type=_number,
            metavar="N",
            help="1 to 5: basic operations, load and modify, a safety violation, streams and snapshots, a conversation;"
            " all if none is named",
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run them one after another."""
        wanted = options["numbers"] or range(1, len(EXAMPLES) + 1)
        told: dict[str, list[str]] = {}
        for number in wanted:
            name = EXAMPLES[number - 1]
            example = import_module(f"teddy_es.examples.{name}")
            lines = told.setdefault(name, [])
            if not options["json"]:
                title = str(example.__doc__).partition("\n")[0]
                self.stdout.write(self.style.MIGRATE_HEADING(f"{number}. {title}"))
            with reported_in_a_line():
                asyncio.run(self._run(example, lines, quiet=options["json"]))
        if options["json"]:
            self.stdout.write(json.dumps(told))

    async def _run(self, example: ModuleType, lines: list[str], *, quiet: bool) -> None:
        def tell(line: str) -> None:
            lines.append(line)
            if not quiet:
                self.stdout.write(f"   {line}")

        try:
            await example.run(EventSourcingService(get_event_store()), tell)
        finally:
            await sync_to_async(connections.close_all)()  # of the thread that read


def _number(text: str) -> int:
    """1 to 5. Raises ArgumentTypeError for anything else (`choices` would refuse that none is named)."""
    if text not in {str(number) for number in range(1, len(EXAMPLES) + 1)}:
        msg = f"there are examples 1 to {len(EXAMPLES)}, not {text}"
        raise ArgumentTypeError(msg)
    return int(text)

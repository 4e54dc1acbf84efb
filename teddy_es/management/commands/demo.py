"""`demo`: conversations to try the store with, as a file that `import_events` reads."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from teddy_es.demo import DatasetMissing, demo_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Thin: arguments and the file."""

    help = "Write demo conversations as NDJSON of CloudEvents 1.0; every run writes the same."
    requires_system_checks = []  # it touches no database

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds an example to the help."""
        program = Path(prog_name).name
        kwargs["epilog"] = (
            f"Example: {program} {subcommand} --conversations 200 | {program} import_events -"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument(
            "--conversations",
            type=int,
            metavar="N",
            help="only so many, the first ones (of 7,168)",
        )
        parser.add_argument(
            "--output",
            default="-",
            metavar="FILE",
            help="a file, or - for the standard output",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="print a JSON summary (on the standard error output if events go to the other one)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 0 also where the reader of a pipe has had enough."""
        wanted = options["conversations"]
        if wanted is not None and wanted < 0:
            msg = "--conversations is 0 or more."
            raise CommandError(msg)
        try:
            if options["output"] == "-":
                written = _write(sys.stdout.buffer, wanted)
            else:
                with Path(options["output"]).open("wb") as stream:
                    written = _write(stream, wanted)
        except DatasetMissing as missing:
            raise CommandError(str(missing)) from None
        except BrokenPipeError:
            # Python flushes the standard output once more at its end; what is left then goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            msg = f"{options['output']}: {error.strerror}."
            raise CommandError(msg) from None
        if options["json"]:
            out = self.stderr if options["output"] == "-" else self.stdout
            out.write(json.dumps(written))


def _write(stream: BinaryIO, wanted: int | None) -> dict[str, int]:
    """How much it was."""
    events = size = 0
    for line in demo_lines(wanted):
        size += stream.write(line)
        events += 1
    stream.flush()
    return {"events": events, "bytes": size}

"""The command line of `./teddy`: what may be said, and how failures are told."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.launcher.commands.kafka import kafka
from scripts.launcher.commands.manage import manage
from scripts.launcher.commands.reset import reset
from scripts.launcher.commands.status import status
from scripts.launcher.commands.test import test
from scripts.launcher.commands.up import up
from scripts.launcher.console import Stopped, Trouble, note
from scripts.launcher.places import HOME, LITTLE_ROOM, room_left
from scripts.launcher.ports import require_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": up,
    "test": test,
    "manage": manage,
    "status": status,
    "reset": reset,
    "kafka": kafka,
}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str]) -> int:
    """Run one command; an expected failure is one line and an honest exit code."""
    options = parse(arguments)
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    try:
        return COMMANDS[options.command](options)
    except Trouble as trouble:
        note(f"teddy: {trouble}{_if_full(options)}")
        return trouble.exit_code
    except Stopped as stopped:
        note("Stopped.")
        return stopped.exit_code
    except OSError as error:
        note(f"teddy: {_explained(error)}")
        return 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line. What follows `manage` and `test` is theirs, untouched."""
    parser = argparse.ArgumentParser(
        prog="./teddy", description="Run Teddy ES on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_up(commands)
    _add_test(commands)
    _add_manage(commands)
    shown = commands.add_parser("status", help="what runs, and where")
    shown.add_argument("--json", action="store_true", help="for programs")
    _add_data(shown)
    wiped = commands.add_parser("reset", help="remove the data, after asking")
    wiped.add_argument("--yes", action="store_true", help="do not ask")
    _add_data(wiped)
    _add_kafka(commands)
    options, rest = parser.parse_known_args(arguments)
    if options.command == "test":
        options.arguments = rest
    elif options.command == "manage":
        options.arguments = [*rest, *options.arguments]
    elif rest:
        parser.error(f"unknown: {' '.join(rest)}")
    _require_ports(options, parser)
    return options


def _require_ports(
    options: argparse.Namespace, parser: argparse.ArgumentParser
) -> None:
    """Before anything is made or started."""
    if getattr(options, "port", None) is None:
        return
    try:
        if options.command == "kafka":
            require_ports(options.port, count=options.nodes)
        else:
            require_ports(options.port, least=0)
    except ValueError as error:
        parser.error(f"--port {error}")


Commands = argparse._SubParsersAction  # noqa: SLF001  (the type has no public name)


def _add_up(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("up", help="run everything until Ctrl-C")
    parser.add_argument("--kafka", action="store_true", help="on a real Kafka broker")
    parser.add_argument(
        "--port", type=int, default=8000, help="of the console; 0: a free one"
    )
    parser.add_argument(
        "--no-demo", dest="demo", action="store_false", help="start without demo data"
    )
    _add_data(parser)
    _add_java(parser)


def _add_test(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "test",
        allow_abbrev=False,  # --fa is pytest's affair
        help="run all checks and tests",
        description="Arguments that are not listed go to pytest.",
    )
    parser.add_argument("--fast", action="store_true", help="no Kafka, no browser")
    parser.add_argument(
        "--workers",
        type=int,
        choices=range(1, 9),
        metavar="N",
        help="run so many tests side by side (default: 2, or 1 for a part of them)",
    )


def _add_manage(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "manage",
        help="manage.py in this environment",
        description="Options of ./teddy stand before the command's name.",
    )
    _add_data(parser)
    _add_java(parser)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="…")


def _add_kafka(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("kafka", help="real brokers until Ctrl-C")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument("--port", type=int, help="of the first; the others follow")
    _add_data(parser)
    _add_java(parser)


def _add_data(parser: argparse.ArgumentParser) -> None:
    help_text = "data directory (default: .teddy in the checkout)"
    parser.add_argument("--data", type=Path, metavar="DIR", help=help_text)


def _add_java(parser: argparse.ArgumentParser) -> None:
    help_text = "`system` or a path (default: TEDDY_JAVA, else the packaged runtime)"
    parser.add_argument("--java", metavar="JAVA", help=help_text)


def _stop(signal_number: int, _frame: FrameType | None) -> None:
    """Unwind everything once; stopping has its own time limits, so it is left alone."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped(signal_number)


def _if_full(options: argparse.Namespace) -> str:
    """What a full disk breaks says many things, seldom that."""
    data = getattr(options, "data", None) or HOME
    left = room_left(data)
    if left is None or left >= LITTLE_ROOM:
        return ""
    return (
        f" [Only {left // 1_000_000} MB are left on the disk of {data}: "
        "free some, or put the data elsewhere with --data DIR.]"
    )


def _explained(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "No space left: free some, or put the data elsewhere with --data DIR."
    where = f": {os.fspath(error.filename)!s}" if error.filename else ""
    return f"{error.strerror or error}{where}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`manage.py rotate_keys`: data keys are wrapped anew under the key-encryption key of today; no data is touched."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.conf import conf
from eventstore.keys.configured import FILE, key_store, provider
from eventstore.keys.providers.local import put_in_front
from eventstore.keys.rotating import AT_ONCE, Rotated, rotate
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line

if TYPE_CHECKING:
    from eventstore.keys.store import KeyStore


class Command(BaseCommand):
    """Exit status 0 if every living key is wrapped under the key-encryption key of today."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Wrap every data key anew that an earlier key-encryption key wraps. With Vault rotate its key first"
        " (bao write -f transit/keys/teddy/rotate). Cut short, it goes on when it is run again; events and keys stay as they are."
        " Examples: manage.py rotate_keys --dry-run; manage.py rotate_keys --new-key; manage.py rotate_keys --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument(
            "--new-key",
            action="store_true",
            help="first put a new key-encryption key into the key file; the earlier ones stay in it",
        )
        parser.add_argument(
            "--at-once", type=int, default=AT_ONCE, metavar="N", help="keys a step"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        if options["at_once"] < 1:
            msg = "--at-once takes a number above 0."
            raise CommandError(msg)
        with reported_in_a_line():
            if options["new_key"]:
                _put_a_new_key(dry_run=options["dry_run"])
            store, started = key_store(), time.monotonic()
            rotated = _rotated(store, **options)
            left = sum(map(store.count_under, set(store.keks()) - {rotated.current}))
        self._say(rotated, left, time.monotonic() - started, as_json=options["json"])
        if rotated.unfit:
            msg = (
                f"{rotated.unfit} keys were not unwrapped: they are not as they were wrapped. They stay as they are;"
                " what is sealed under them does not open."
            )
            raise CommandError(msg)

    def _say(
        self, rotated: Rotated, left: int, seconds: float, *, as_json: bool
    ) -> None:
        if as_json:
            facts = asdict(rotated) | {"left": left, "seconds": round(seconds, 3)}
            self.stdout.write(json.dumps(facts))
            return
        for kek, count in rotated.before.items():
            self.stdout.write(f"{count} keys were wrapped under {kek}.")
        self.stdout.write(
            f"{rotated.rewrapped} wrapped anew under {rotated.current} in {seconds:.1f} s, {left} left."
        )


def _put_a_new_key(*, dry_run: bool) -> None:
    if conf.KEK != FILE:
        msg = "--new-key is for the key file (TEDDY_KEK=file). Vault makes new versions itself."
        raise CommandError(msg)
    if not dry_run:
        put_in_front(Path(conf.KEK_FILE))


def _rotated(store: KeyStore, **options: Any) -> Rotated:
    shown = sys.stderr.isatty() and not options["json"]
    bar = progress_bar(
        "keys", total=None, shown=shown, as_json=options["json"], unit="keys"
    )
    with bar as show:
        return rotate(
            store,
            provider(),
            dry_run=options["dry_run"],
            at_once=options["at_once"],
            progress=show,
        )

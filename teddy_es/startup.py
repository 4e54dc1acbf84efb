"""Before a process of production does anything, it looks whether the installation is fit for it, and does not begin if it is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from django.core.checks import ERROR, Tags, run_checks
from django.core.checks.registry import registry

from eventstore.checks.keys import KEYS
from eventstore.conf import conf as eventstore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.checks import CheckMessage

REFUSED: Final = 3  # gunicorn does not start a worker anew that ended with it


def refuse_unsafe_start() -> None:
    """Run Django's checks for deployment and ours; in production an error is a line each, and the end. Raises SystemExit.

    Key-encryption keys that are not those of the key store end it everywhere: what is sealed could not be opened.
    """
    _refuse(run_checks(tags=[KEYS], databases=["keys"]))
    if eventstore.MODE != "production":
        return
    # Nobody else is asked: a broker or a database that is down is waited for, as at any other time.
    tags = registry.tags_available(deployment_checks=True) - {Tags.database, KEYS}
    _refuse(run_checks(tags=sorted(tags), include_deployment_checks=True))


def _refuse(messages: Iterable[CheckMessage]) -> None:
    errors = [one for one in messages if one.level >= ERROR]
    for one in errors:
        line = " ".join(f"{one.id}: {one.msg} {one.hint or ''}".split())
        sys.stderr.write(f"not started: {line}\n")
    if errors:
        sys.exit(REFUSED)

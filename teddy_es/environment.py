"""Reads variables by kind. A value that does not fit, or a name that nobody reads, is one line that says what to write."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from environ import Env

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_OURS: Final = "TEDDY_"
_PORTS: Final = 65_535
_POSTGRESQLS: Final = 5432
_FOR_OTHERS: Final = {
    "TEDDY_JAVA",  # ./teddy: which Java runs the broker
    "TEDDY_CHROMIUM",  # the tests: which browser
    "TEDDY_FAULTS_SEED",  # the tests: which faults
    # deploy/.env, for compose alone; whoever exports it in a shell means no harm
    "TEDDY_HOST",
    "TEDDY_DATABASE_PASSWORD",
    "TEDDY_DATABASE_OWNER_PASSWORD",
    "TEDDY_KEYS_DATABASE_OWNER_PASSWORD",
    "TEDDY_KEYS_DATABASE_PASSWORD",
    "TEDDY_REDIS_PASSWORD",
    "TEDDY_KAFKA_CLUSTER_ID",
}
# the tests' own; and what Kubernetes tells every container about a service that is called teddy
_FOR_OTHERS_TOO: Final = re.compile(
    r"TEDDY_(TEST_\w+|(\w+_)?SERVICE_(HOST|PORT(_\w+)?)|(\w+_)?PORT(_\d+_\w+)?)"
)
_PATH: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_WORDS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class Environment:
    """Variables by name. One that is empty counts as not set, as compose files pass on what nobody has given."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._given = variables
        self._read: set[str] = set()

    def text(self, name: str, *, default: str = "") -> str:
        """As it stands; `default` if it is not set, here and below."""
        self._read.add(name)
        return self._given.get(name, "") or default

    def one_of(self, name: str, words: Collection[str], *, default: str) -> str:
        """One of these words; the default need not be among them."""
        value = self.text(name)
        if value and value not in words:
            raise _refused(name, f"one of {', '.join(words)}", value)
        return value or default

    def one_of_or_path(self, name: str, words: Collection[str], *, default: str) -> str:
        """One of these words, or the dotted path of something in Python."""
        value = self.text(name)
        if value and value not in words and not _PATH.fullmatch(value):
            raise _refused(name, f"one of {', '.join(words)}, or a dotted path", value)
        return value or default

    def switch(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.text(name)
        if value and value.lower() not in _WORDS:
            raise _refused(name, "true or false", value)
        return _WORDS[value.lower()] if value else default

    def whole(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number in these bounds, both included."""
        value = self.text(name)
        fits = re.fullmatch(r"[0-9]{1,9}", value) and least <= int(value) <= most
        if value and not fits:
            raise _refused(name, f"a whole number from {least} to {most}", value)
        return int(value) if value else default

    def seconds(self, name: str, *, default: float) -> float:
        """A number above 0."""
        value = self.text(name)
        try:
            number = float(value) if value else default
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            raise _refused(name, "seconds, a number above 0", value)
        return number

    def several(self, name: str, *, default: tuple[str, ...] = ()) -> list[str]:
        """What stands between commas, without the blanks round it."""
        values = [one.strip() for one in self.text(name).split(",")]
        return [one for one in values if one] or list(default)

    def networks(self, name: str) -> list[str]:
        """Networks or single addresses, between commas."""
        values = self.several(name)
        for one in values:
            try:
                ip_network(one)
            except ValueError:
                takes = "networks or addresses with commas between, as 10.0.0.0/8,::1"
                raise _refused(name, takes, one) from None
        return values

    def address(self, name: str, *, default: str) -> tuple[str, int] | None:
        """Host and port; None for the word none."""
        value = self.text(name, default=default)
        if value == "none":
            return None
        host, _, port = value.rpartition(":")
        if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _PORTS:
            raise _refused(name, "host:port, as 127.0.0.1:9100, or none", value)
        return host.strip("[]"), int(port)

    def folder(self, name: str, *, default: Path) -> Path:
        """A path."""
        return Path(self.text(name, default=str(default)))

    def postgresql(self, name: str) -> dict[str, Any]:
        """Django's settings of the database at this address. It may hold a password, so that no message repeats it."""
        value = self.text(name)
        if not value:
            msg = f"Set {name}, as in postgresql://user:password@host:5432/teddy."
            raise ImproperlyConfigured(msg)
        try:
            if not value.startswith(("postgresql://", "postgres://")):
                raise ValueError  # noqa: TRY301  (the same refusal)
            config: dict[str, Any] = Env.db_url_config(value)
        except ValueError:
            msg = (
                f"{name} must be a postgresql:// address, as in postgresql://user:password@host:5432/teddy:"
                " the store needs a real PostgreSQL."
            )
            raise ImproperlyConfigured(msg) from None
        return config

    def postgresql_beside(
        self, name: str, other: dict[str, Any], *, has_default: bool
    ) -> dict[str, Any]:
        """As `postgresql`, of a database that must not be the other one. has_default: the one of its name with _keys behind, on its server."""
        if has_default and not self.text(name):
            return {**other, "NAME": f"{other['NAME']}_keys"}
        config = self.postgresql(name)
        if _place_of(config) == _place_of(other):
            msg = (
                f"{name} names the database of DATABASE_URL: give the keys one of their own, with backups of their own,"
                " or an erased key comes back with each of them."
            )
            raise ImproperlyConfigured(msg)
        return config

    def refuse_unknown(self) -> None:
        """Call it when all is read. Raises ImproperlyConfigured for a name of ours that was not."""
        ours = {name for name in self._given if name.startswith(_OURS)}
        for name in sorted(ours - self._read):
            if not is_for_others(name):
                near = get_close_matches(name, self._read, n=1)
                meant = f"did you mean {near[0]}?" if near else "it would do nothing."
                msg = f"There is no setting {name}: {meant} docs/SETTINGS.md has them all."
                raise ImproperlyConfigured(msg)


def _place_of(config: dict[str, Any]) -> tuple[str, str, str]:
    """Server and database, as far as the address says."""
    options = config.get("OPTIONS", {})
    host = options.get("host") or config.get("HOST") or ""
    port = options.get("port") or config.get("PORT") or _POSTGRESQLS
    return str(host).lower(), str(port), str(config["NAME"])


def is_for_others(name: str) -> bool:
    """Whether a variable of our prefix is for the launcher, compose or tests, or comes from Kubernetes."""
    return name in _FOR_OTHERS or bool(_FOR_OTHERS_TOO.fullmatch(name))


def _refused(name: str, takes: str, value: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} takes {takes}, not {value!r}.")

"""Vault's transit engine, or OpenBao's: data keys are wrapped there, by a key that never leaves it.

A *derived* key, each data key under its own context: what is wrapped for one does not unwrap for another, and `rewrap` can do it, which
refuses what was made with `associated_data`.
"""

from __future__ import annotations

import os
import re
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hvac
from hvac.exceptions import InvalidRequest, VaultError
from requests import RequestException

from eventstore.errors import KeyStoreUnavailable
from eventstore.ports import Wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Batch = list[dict[str, str]]

AT_ONCE: Final = 200  # items a call; 250 are refused as too complex
_CIPHERTEXT: Final = re.compile(r"vault:v(?P<version>[0-9]+):.+")
_MISSING: Final = "version"  # of the key: retired, or never there; all else is said of what was wrapped


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transit key is. token_file: read at each call, as an agent renews it; stands before token."""

    addr: str
    key: str
    token: str = ""
    token_file: str = ""
    mount: str = "transit"
    namespace: str = ""
    ca_file: str = ""
    timeout: float = 2.0

    def __repr__(self) -> str:
        return f"<{self.addr} {self.mount}/{self.key}>"


class VaultKeys:
    """A `KeyProvider`. A call takes no longer than twice `timeout` for each 200 keys; its clients are a thread's own."""

    def __init__(self, place: Place, *, at_once: int = AT_ONCE) -> None:
        self._place = place
        self._at_once = at_once
        self._ours = re.compile(
            rf"vault\.{re.escape(f'{place.mount}/{place.key}')}\.v[0-9]+"
        )
        self._mine = threading.local()
        self._is_there = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._place!r}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        msg = "a provider holds a token, and is never pickled"
        raise TypeError(msg)

    def current(self) -> str:
        """See `KeyProvider`."""
        place = self._place
        transit = self._transit()
        answer = _answered(lambda: transit.read_key(place.key, mount_point=place.mount))
        data = answer["data"]
        if not data["derived"]:
            msg = f"Vault's key {place.mount}/{place.key} is not derived"
            raise KeyStoreUnavailable(msg)
        self._is_there = True
        return self._kek(data["latest_version"])

    def wrap(self, secrets: Sequence[tuple[bytes, bytes]]) -> Sequence[Wrapped]:
        """See `KeyProvider`. The key is looked at first: to encrypt under one that is not there would make it."""
        if not self._is_there:
            self.current()
        items = [
            {"plaintext": _text(secret), "context": _text(context)}
            for context, secret in secrets
        ]
        found = self._batches("encrypt_data", items)
        return [self._wrapped(one) for one in found]

    def unwrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[bytes | None]:
        """See `KeyProvider`."""
        return [
            None if one is None else b64decode(one["plaintext"])
            for one in self._on_each("decrypt_data", wrapped)
        ]

    def rewrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[Wrapped | None]:
        """See `KeyProvider`."""
        found = self._on_each("rewrap_data", wrapped)
        return [None if one is None else self._wrapped(one) for one in found]

    # ---- below: how

    def _on_each(
        self, method: str, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> list[dict[str, str] | None]:
        """None for what it does not open. What another key has wrapped is not tried: a row does not say where we ask."""
        for _, one in wrapped:
            if not self._ours.fullmatch(one.kek):
                msg = f"the key-encryption key {one.kek} is missing"
                raise KeyStoreUnavailable(msg)
        items = [
            {
                "ciphertext": one.box.decode("ascii", "replace"),
                "context": _text(context),
            }
            for context, one in wrapped
        ]
        found = self._batches(method, items)
        return [_fit(one, of.kek) for one, (_, of) in zip(found, wrapped, strict=True)]

    def _batches(self, method: str, items: Batch) -> Iterable[dict[str, str]]:
        call: Callable[..., Any] = getattr(self._transit(), method)
        asked: dict[str, Any] = {"mount_point": self._place.mount}
        if method != "encrypt_data":
            asked["ciphertext"] = None  # must be given, and is not looked at
        for start in range(0, len(items), self._at_once):
            asked["batch_input"] = items[start : start + self._at_once]
            answer = _answered(lambda: call(self._place.key, **asked))
            results = answer["data"]["batch_results"]
            if len(results) != len(asked["batch_input"]):
                msg = "Vault has answered something else"
                raise KeyStoreUnavailable(msg)
            yield from results

    def _wrapped(self, answer: dict[str, str]) -> Wrapped:
        text = answer.get("ciphertext", "")
        made = _CIPHERTEXT.fullmatch(text)
        if made is None:
            msg = f"Vault has not wrapped a key ({answer.get('error', 'no answer')})"
            raise KeyStoreUnavailable(msg)
        return Wrapped(self._kek(int(made["version"])), text.encode())

    def _kek(self, version: int) -> str:
        return f"vault.{self._place.mount}/{self._place.key}.v{version}"

    def _transit(self) -> Any:
        kept: tuple[int, Any] | None = getattr(self._mine, "client", None)
        if kept is None or kept[0] != os.getpid():
            kept = self._mine.client = os.getpid(), self._made()
        client = kept[1]
        client.token = self._token()
        return client.secrets.transit

    def _made(self) -> hvac.Client:
        place = self._place
        return hvac.Client(
            url=place.addr,
            namespace=place.namespace or None,
            timeout=place.timeout,
            verify=place.ca_file or True,
        )

    def _token(self) -> str:
        if not self._place.token_file:
            return self._place.token
        try:
            return Path(self._place.token_file).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"Vault's token file cannot be read ({type(error).__name__})"
            raise KeyStoreUnavailable(msg) from None


def _answered(call: Callable[[], Any]) -> Any:
    """Its answer, also where parts of it are errors.

    What went wrong is raised outside of the handler: an error of the client's holds the answer's text, with secrets in it.
    """
    try:
        return call()
    except InvalidRequest as error:
        answer = error.json
        said = ", ".join(error.errors or ["invalid request"])
    except VaultError as error:
        answer, said = None, type(error).__name__
    except RequestException as error:
        answer, said = None, type(error).__name__
    if isinstance(answer, dict) and (answer.get("data") or {}).get("batch_results"):
        return answer
    msg = f"Vault does not do its work ({said})"
    raise KeyStoreUnavailable(msg)


def _fit(answer: dict[str, str], kek: str) -> dict[str, str] | None:
    """None for what does not open. A version that is retired, or was never there, is a key-encryption key that is missing."""
    error = answer.get("error")
    if not error:
        return answer
    if _MISSING not in error:
        return None
    msg = f"the key-encryption key {kek} is missing (Vault says: {error})"
    raise KeyStoreUnavailable(msg)


def _text(data: bytes) -> str:
    return b64encode(data).decode()

"""Key-encryption keys that this process has itself: of a file, or of its environment. Not for production.

The first of them wraps, all of them unwrap. The id of each is made of itself: another key never has the same.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256
from stat import S_IMODE
from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import KeyStoreUnavailable
from eventstore.ports import Wrapped
from eventstore.sealing.box import NONCE_BYTES, SECRET_BYTES, Cipher, Unopenable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

_ID_LABEL: Final = b"eventstore.kek-id/1"
_WRAP_LABEL: Final = b"eventstore.kek-wrap/1"
_OTHERS: Final = 0o077  # who may read besides the owner


class LocalKeys:
    """A `KeyProvider`. read: the secrets as they are now, the wrapping one first; asked again where one is not known."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read
        self._ciphers: Mapping[str, Cipher] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._ciphers)}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        msg = "key-encryption keys are never pickled"
        raise TypeError(msg)

    def current(self) -> str:
        """See `KeyProvider`. As the file or the environment is now."""
        self._load()
        return next(iter(self._ciphers))

    def wrap(self, secrets: Sequence[tuple[bytes, bytes]]) -> Sequence[Wrapped]:
        """See `KeyProvider`."""
        if not self._ciphers:
            self._load()
        kek, cipher = next(iter(self._ciphers.items()))
        return [_wrapped(kek, cipher, *one) for one in secrets]

    def unwrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[bytes | None]:
        """See `KeyProvider`."""
        needed = {one.kek for _, one in wrapped}
        if not needed <= self._ciphers.keys():
            self._load()  # somebody has put a new one in front
        if missing := needed - self._ciphers.keys():
            msg = f"the key-encryption key {min(missing)} is missing"
            raise KeyStoreUnavailable(msg)
        ciphers = self._ciphers
        return [_unwrapped(ciphers[one.kek], context, one) for context, one in wrapped]

    def rewrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[Wrapped | None]:
        """See `KeyProvider`."""
        secrets = self.unwrap(wrapped)
        self._load()
        kek, cipher = next(iter(self._ciphers.items()))
        return [
            None if secret is None else _wrapped(kek, cipher, context, secret)
            for (context, _), secret in zip(wrapped, secrets, strict=True)
        ]

    def _load(self) -> None:
        secrets = self._read()
        if not secrets:
            msg = "there is no key-encryption key"
            raise KeyStoreUnavailable(msg)
        self._ciphers = {id_of(one): Cipher(one) for one in secrets}


def id_of(secret: bytes) -> str:
    """The id of a key-encryption key."""
    return f"local.{sha256(_ID_LABEL + secret).hexdigest()[:16]}"


def of_texts(texts: Iterable[str]) -> list[bytes]:
    """Secrets as people write them: 32 bytes each in base64, URL-safe. Raises `KeyStoreUnavailable`, and quotes none."""
    secrets = []
    for number, text in enumerate(texts, 1):
        try:
            secret = urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
        except (NotBase64, ValueError):
            secret = b""
        if len(secret) != SECRET_BYTES:
            msg = f"key-encryption key {number} is not {SECRET_BYTES} bytes in base64"
            raise KeyStoreUnavailable(msg)
        secrets.append(secret)
    return secrets


def of_file(path: Path) -> list[bytes]:
    """Of a file that only its owner may read: a secret a line. Raises `KeyStoreUnavailable`."""
    try:
        mode = S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            msg = f"others may read the key file: chmod 600 {path}"
            raise KeyStoreUnavailable(msg)
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the key file {path} cannot be read ({type(error).__name__})"
        raise KeyStoreUnavailable(msg) from None
    return of_texts(line for line in lines if line.strip())


def put_in_front(path: Path) -> str:
    """Make a new secret, the first of the file, in one step; its id. The others stay, for what they have wrapped."""
    secret = os.urandom(SECRET_BYTES)
    before = of_file(path) if path.exists() else []
    lines = (urlsafe_b64encode(one).decode() + "\n" for one in (secret, *before))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return id_of(secret)


def _wrapped(kek: str, cipher: Cipher, context: bytes, secret: bytes) -> Wrapped:
    nonce, box = cipher.seal(secret, _WRAP_LABEL + context)
    return Wrapped(kek, nonce + box)


def _unwrapped(cipher: Cipher, context: bytes, wrapped: Wrapped) -> bytes | None:
    nonce, box = wrapped.box[:NONCE_BYTES], wrapped.box[NONCE_BYTES:]
    try:
        return cipher.open(nonce, box, _WRAP_LABEL + context)
    except Unopenable:
        return None

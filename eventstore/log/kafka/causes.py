"""Why Kafka does not answer: by the classes of what was raised, in a sentence with what to do.

kafka-python swallows most of it in the states of its connections and only logs it, in texts that quote whole requests
and logins; so connections are watched (`client`), and what ended them is judged here. No text of the library's goes on.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kafka import errors

from eventstore.errors import LogUnanswered
from eventstore.log.security_files import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AUTHENTICATION: Final = "log-authentication-failed"
RIGHTS: Final = "log-rights-missing"
TLS: Final = "log-tls"
NO_WORD: Final = ""  # it may pass: wait, and look whether Kafka runs

_CERTIFICATE: Final[Mapping[int, str]] = {  # OpenSSL's X509_V_ERR_*
    9: "its certificate is not valid yet: look at the clocks",
    10: "its certificate has expired: the broker needs a new one",
    62: "its certificate is for another host: connect by a name that stands in it",
    64: "its certificate is for another address: connect by a name or address that stands in it",
}
_UNTRUSTED: Final = "its certificate is not signed by an authority that ssl_cafile holds: let ssl_cafile name the right one"
# What OpenSSL calls an alert with which the other side refused our certificate, or that we sent none.
_OUR_CERTIFICATE: Final = (
    "CERTIFICATE",
    "UNKNOWN_CA",
    "HANDSHAKE_FAILURE",
    "ACCESS_DENIED",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """word: as `/readyz` says it; empty where waiting may help. sentence: what is wrong and what to do."""

    word: str
    sentence: str


class Forbidden(errors.KafkaError):  # type: ignore[misc]  # kafka ships no types
    """The user that we are to Kafka lacks a right. right: as `kafka-acls.sh --operation` calls it."""

    def __init__(self, right: str, topic: str) -> None:
        super().__init__(right, topic)
        self.right = right
        self.topic = topic


class FileUnreadable(errors.KafkaError):  # type: ignore[misc]
    """A file that the options name cannot be read."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


class NameNotResolved(errors.KafkaConnectionError):  # type: ignore[misc]
    """Nobody knows a broker's name."""


class NobodyListens(errors.KafkaConnectionError):  # type: ignore[misc]
    """A connection was refused: the host is there and nothing listens."""


class Unheard(errors.KafkaConnectionError):  # type: ignore[misc]
    """A broker is not connected. cause: what ended the last attempt; early: before it had answered anything."""

    def __init__(self, address: str, cause: BaseException, *, early: bool) -> None:
        super().__init__(address)
        self.address = address
        self.cause = cause
        self.early = early


def right_missing(
    error: type[errors.KafkaError], right: str, topic: str
) -> errors.KafkaError | type[errors.KafkaError]:
    """What to raise for an error of an answer about a topic: with the right that was asked for, if that is it."""
    if issubclass(error, errors.AuthorizationError):
        return Forbidden(right, topic)
    return error


def refuse_unreadable(options: Mapping[str, Any]) -> None:
    """Raise `FileUnreadable` for the first file that is."""
    for option in unreadable(options):
        raise FileUnreadable(option)


def cause_of(error: BaseException) -> Cause:
    """What is wrong. A class that is not known is named, and no more."""
    if isinstance(error, Forbidden):
        return _forbidden(error)
    if isinstance(error, FileUnreadable):
        return Cause(
            TLS,
            f"{error.option} of KAFKA_SECURITY names a file that cannot be read: put the file there, or the setting right",
        )
    if isinstance(error, Unheard):
        judgement = _judged(error.cause, early=error.early)
        return Cause(judgement.word, f"Kafka at {error.address}: {judgement.sentence}")
    return _judged(error, early=False)


def lasts(error: BaseException) -> bool:
    """Whether trying again without a change of settings is of no use."""
    return cause_of(error).word != NO_WORD


@contextmanager
def translated() -> Iterator[None]:
    """Turn kafka-python's errors into ours, in this one place.

    No text of kafka-python's goes into the message: they quote whole requests.
    """
    try:
        yield
    except (errors.KafkaError, OSError) as error:
        cause = cause_of(error)
        raise LogUnanswered(cause.sentence, word=cause.word) from error


def is_late(error: BaseException) -> bool:
    """Whether it says no more than that the time was up."""
    said = error.cause if isinstance(error, Unheard) else error
    return isinstance(said, _TIME_IS_UP)


def _forbidden(error: Forbidden) -> Cause:
    prefix = error.topic.partition(".")[0] + "."
    return Cause(
        RIGHTS,
        f"our user at Kafka lacks the right {error.right} on topic {error.topic}: grant it with kafka-acls.sh"
        f" --add --operation {error.right} --topic {prefix} --resource-pattern-type prefixed"
        " (docs/OPERATIONS.md, 'What Kafka must allow')",
    )


def _judged(error: BaseException, *, early: bool) -> Cause:
    for one in _chain(error):
        judgement = _login(one) or _tls(one) or _network(one)
        if judgement is not None:
            return judgement
    if early and isinstance(error, errors.KafkaConnectionError | ConnectionError):
        return Cause(NO_WORD, _CLOSED)
    return Cause(NO_WORD, f"Kafka does not answer ({type(error).__name__})")


_OTHER_PROTOCOL: Final = (
    "what answers there does not speak as security_protocol says:"
    " its listener may want TLS where we speak plainly, or the other way round"
)


_CLOSED: Final = (
    "it ended the connection before it answered anything: it is starting or stopping,"
    " or its listener takes another security_protocol than ours"
)
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")
_TIME_IS_UP: Final = (
    errors.KafkaTimeoutError,
    errors.RequestTimedOutError,
    TimeoutError,
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was made of, and what was being handled: kafka-python keeps the first in any of them."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [*one.args, one.__cause__, one.__context__]


def _login(error: BaseException) -> Cause | None:
    if isinstance(error, errors.SaslAuthenticationFailedError):
        return Cause(
            AUTHENTICATION,
            "the log-in was refused: sasl_plain_username and sasl_plain_password must be those of a user of the cluster,"
            " for this sasl_mechanism",
        )
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        return Cause(
            AUTHENTICATION,
            "its listener does not take this sasl_mechanism: name one that it has enabled",
        )
    if isinstance(error, errors.IllegalSaslStateError):
        return Cause(
            AUTHENTICATION,
            "its listener takes no log-in: security_protocol must be that of the listener",
        )
    return None


def _tls(error: BaseException) -> Cause | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Cause(TLS, _CERTIFICATE.get(error.verify_code, _UNTRUSTED))
    if isinstance(error, ssl.SSLEOFError):
        return Cause(TLS, _OTHER_PROTOCOL)
    if not isinstance(error, ssl.SSLError):
        return None
    reason = error.reason or "no reason"  # OpenSSL's own word, of a fixed list
    if "ALERT" in reason and any(one in reason for one in _OUR_CERTIFICATE):
        return Cause(
            TLS,
            "it does not accept our certificate, or wants one: ssl_certfile and ssl_keyfile must be those of a client"
            f" that it trusts ({reason})",
        )
    if reason in _NO_TLS:
        return Cause(TLS, _OTHER_PROTOCOL)
    return Cause(
        TLS,
        f"TLS failed ({reason}): see that the ssl_* files are PEM and belong together, and that both sides share a version",
    )


def _network(error: BaseException) -> Cause | None:
    if isinstance(error, errors.InvalidReceiveError):  # a TLS alert, read as a length
        return Cause(TLS, _OTHER_PROTOCOL)
    if isinstance(error, NameNotResolved):
        return Cause(
            NO_WORD,
            "its name is not known here: put KAFKA_BOOTSTRAP, the brokers' advertised.listeners or the name service right",
        )
    if isinstance(error, NobodyListens):
        return Cause(
            NO_WORD,
            "nobody listens there: start the broker, or put the address right",
        )
    if isinstance(error, _TIME_IS_UP):
        return Cause(
            NO_WORD,
            "no answer in time: see that the broker runs and that nothing between us drops what is sent",
        )
    return None

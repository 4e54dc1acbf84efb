"""Why Kafka does not answer is said in a sentence with what to do, within the time that the caller gave."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from django.test import Client

from eventstore.errors import LogUnanswered
from eventstore.events import Place
from eventstore.log.kafka import KafkaLog
from eventstore.log.kafka.causes import AUTHENTICATION, NO_WORD, TLS
from eventstore.log.kafka.causes import RIGHTS as RIGHTS_MISSING
from eventstore.ports import NotWritten
from eventstore.testing.log_given import a_proposal, a_topic, append, read_all
from scripts.launcher.ports import free_port
from teddy_es import health
from tests.plugins.kafka_logs import in_time, until
from tests.plugins.secure_kafka import LIMITED, PASSWORD, SecureKafka

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore

pytestmark = pytest.mark.kafka

PLACE: Final = Place("eventstore.order", 0)
OPTIONS: Final[dict[str, Callable[[SecureKafka], dict[str, Any]]]] = {
    "wrong password": lambda k: k.login() | {"sasl_plain_password": "mistyped"},
    "unknown user": lambda k: k.login(user="nobody"),
    "mechanism": lambda k: k.login() | {"sasl_mechanism": "OAUTHBEARER"},
    "untrusted": lambda k: k.tls() | {"ssl_cafile": str(k.stranger.file)},
    "no file": lambda k: k.tls() | {"ssl_cafile": "/nowhere/authority.pem"},
    "no authority": lambda k: k.tls() | {"ssl_cafile": k.certificate()["ssl_keyfile"]},
    "no certificate": lambda k: k.tls(),
    "stranger": lambda k: k.certificate(k.stranger),
    "login": lambda k: k.login(),
    "tls": lambda k: k.tls(),
    "plain": lambda _: {},
}


class Trouble(NamedTuple):
    """Options to a listener, and what has to be said. where: a listener's name, PLAIN, or an address."""

    options: str
    where: str
    word: str
    says: str


TROUBLES: Final = {
    "a wrong password": Trouble("wrong password", "LOGIN", AUTHENTICATION, "log-in was refused"),
    "an unknown user": Trouble("unknown user", "LOGIN", AUTHENTICATION, "log-in was refused"),
    "a mechanism that is not enabled": Trouble("mechanism", "LOGIN", AUTHENTICATION, "sasl_mechanism"),
    "a listener without log-ins": Trouble("login", "TLS", AUTHENTICATION, "takes no log-in"),
    "an untrusted certificate": Trouble("untrusted", "TLS", TLS, "not signed by an authority"),
    "a missing authority": Trouble("no file", "TLS", TLS, "ssl_cafile of KAFKA_SECURITY"),
    "a file of another kind": Trouble("no authority", "TLS", TLS, "are PEM and belong together"),
    "a client without certificate": Trouble("no certificate", "MUTUAL", TLS, "accept our certificate"),
    "a stranger's certificate": Trouble("stranger", "MUTUAL", TLS, "accept our certificate"),
    "plain to TLS": Trouble("plain", "TLS", TLS, "may want TLS"),
    "TLS to plain": Trouble("tls", "PLAIN", TLS, "may want TLS"),
    "plain to log-ins": Trouble("plain", "OPEN", NO_WORD, "another security_protocol"),
    "a dead broker": Trouble("plain", "nobody", NO_WORD, "nobody listens there"),
    "a deaf broker": Trouble("plain", "deaf", NO_WORD, "no answer in time"),
    "a deaf broker, with TLS": Trouble("tls", "deaf", NO_WORD, "no answer in time"),
    "an unknown name": Trouble("plain", "broker.invalid:9092", NO_WORD, "name is not known"),
}  # fmt: skip


@pytest.fixture(params=list(TROUBLES))
def trouble(request: pytest.FixtureRequest) -> Trouble:
    return TROUBLES[request.param]


@pytest.fixture
def log(secure_kafka: SecureKafka, trouble: Trouble) -> Iterator[KafkaLog]:
    """A log that meets the trouble."""
    with ExitStack() as stack:
        options = OPTIONS[trouble.options](secure_kafka)
        where = trouble.where
        if where == "PLAIN":
            where = secure_kafka.cluster.bootstrap
        elif where == "nobody":
            where = _nobody()
        elif where == "deaf":
            deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            where = f"127.0.0.1:{deaf.getsockname()[1]}"
        elif where in secure_kafka.listeners:
            where = secure_kafka.listeners[where].bootstrap
        patience_s = 3.0 if trouble.word else 0.5  # what may pass is waited for
        found = KafkaLog([where], security=options, patience_s=patience_s)
        stack.callback(found.close)
        yield found


ASKS: Final[tuple[Callable[[KafkaLog], object], ...]] = (
    lambda log: log.extents([PLACE]),
    lambda log: log.create([PLACE.topic], partitions=1),
    lambda log: log.read(PLACE, 0),
    lambda log: log.topics([PLACE.topic]),
)


def test_who_asks_hears_what_is_wrong_and_no_promise(
    log: KafkaLog, trouble: Trouble
) -> None:
    asks = ASKS if trouble.word else ASKS[:2]  # what may pass is waited for
    for ask in asks:
        with pytest.raises(LogUnanswered) as refused:
            ask(log)

        assert refused.value.word == trouble.word
        assert trouble.says in str(refused.value)
        assert "written" not in str(refused.value)
        assert PASSWORD not in str(refused.value)
        assert "mistyped" not in str(refused.value)


def test_who_appends_hears_it_within_the_time_given(
    log: KafkaLog, trouble: Trouble
) -> None:
    given = 3.0 if trouble.word else 0.8

    [answer] = in_time(
        lambda: log.append([a_proposal(PLACE)], timeout_s=given),
        within_s=given + 3,  # a request's own limit is 5 s
    )

    assert isinstance(answer, NotWritten)
    assert trouble.says in answer.reason


def _nobody() -> str:
    return f"127.0.0.1:{free_port()}"


def test_readyz_has_a_word_for_what_waiting_does_not_mend(
    embedded_store: EventStore,
    log: KafkaLog,
    trouble: Trouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    health.forget()
    monkeypatch.setattr(health, "get_event_store", lambda: embedded_store)
    monkeypatch.setattr(health, "_ends", lambda _folded: log.extents([PLACE]))

    answer = Client().get("/readyz")
    health.forget()

    assert answer.status_code == 503
    assert json.loads(answer.content)["log"] == (trouble.word or "no answer")
    assert "127.0.0.1" not in str(answer.content)


# ---- and where nothing is wrong


@pytest.mark.parametrize(
    ("listener", "options"),
    [
        ("LOGIN", lambda k: k.login("SCRAM-SHA-512")),
        ("LOGIN", lambda k: k.login("SCRAM-SHA-256")),
        ("LOGIN", lambda k: k.login("PLAIN")),
        ("OPEN", lambda k: k.login() | {"security_protocol": "SASL_PLAINTEXT"}),
        ("TLS", lambda k: k.tls()),
        ("MUTUAL", lambda k: k.certificate()),
    ],
    ids=["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "without TLS", "TLS", "mTLS"],
)
def test_each_way_in_writes_and_reads(
    secure_kafka: SecureKafka,
    listener: str,
    options: Callable[[SecureKafka], dict[str, Any]],
) -> None:
    where = secure_kafka.listeners[listener].bootstrap
    log = KafkaLog([where], security=options(secure_kafka))
    name = a_topic()

    log.create([name], partitions=1)
    append(log, a_proposal(Place(name, 0), b"over it"))

    assert [r.value for r in read_all(log, Place(name, 0))] == [b"over it"]
    log.close()


# ---- what a user may do, by the table of docs/OPERATIONS.md


RIGHTS: Final = frozenset(
    {"READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS", "CREATE", "ALTER_CONFIGS"}
)
Ask = Callable[[KafkaLog, Place], object]


def restoring(log: KafkaLog, place: Place) -> None:
    with log.restoring(place.topic):
        pass


def reason(log: KafkaLog, place: Place) -> None:
    [answer] = log.append([a_proposal(place)], timeout_s=5)
    if isinstance(answer, NotWritten):
        raise LogUnanswered(answer.reason, word=RIGHTS_MISSING)


# The right that is missing; what is taken away with it, for some imply others; and who notices.
MISSING: Final[dict[str, tuple[frozenset[str], Ask]]] = {
    "Read": (frozenset({"READ"}), lambda log, place: log.read(place, 0)),
    "Write": (frozenset({"WRITE"}), reason),
    "Describe": (RIGHTS, lambda log, place: log.extents([place])),
    "DescribeConfigs": (
        frozenset({"DESCRIBE_CONFIGS", "ALTER_CONFIGS"}),
        lambda log, place: log.topics([place.topic]),
    ),
    "Create": (
        frozenset({"CREATE"}),
        lambda log, place: log.create([f"{place.topic}.more"], partitions=1),
    ),
    "AlterConfigs": (frozenset({"ALTER_CONFIGS"}), restoring),
}


@pytest.fixture
def place(secure_kafka: SecureKafka) -> Place:
    """A topic that is there, and on which nobody has a right yet but who may do all."""
    name = a_topic()
    with closing(KafkaLog([secure_kafka.cluster.bootstrap])) as log:
        log.create([name], partitions=1)
    return Place(name, 0)


@pytest.fixture
def limited(secure_kafka: SecureKafka) -> Iterator[KafkaLog]:
    where = secure_kafka.listeners["LOGIN"].bootstrap
    with closing(KafkaLog([where], security=secure_kafka.login(user=LIMITED))) as log:
        yield log


@pytest.mark.parametrize("right", MISSING)
def test_a_missing_right_is_named(
    secure_kafka: SecureKafka, limited: KafkaLog, place: Place, right: str
) -> None:
    taken, ask = MISSING[right]
    secure_kafka.allow(RIGHTS - taken, place.topic)

    def told() -> str:
        try:
            ask(limited, place)
        except LogUnanswered as error:
            return f"{error.word}: {error.reason}"
        return "nothing"

    wanted = f"{RIGHTS_MISSING}: our user at Kafka lacks the right {right} on topic {place.topic}"
    until(lambda: told().startswith(wanted))  # what was granted is there a moment later


def test_with_these_rights_all_works(
    secure_kafka: SecureKafka, limited: KafkaLog, place: Place
) -> None:
    secure_kafka.allow(RIGHTS, place.topic)
    until(lambda: _is_allowed(limited, place))

    limited.create([f"{place.topic}.more"], partitions=1)
    append(limited, a_proposal(place, b"allowed"))
    restoring(limited, place)

    assert list(limited.topics([place.topic])) == [place.topic]
    assert limited.extents([place])[place].end == 1
    assert [r.value for r in read_all(limited, place)] == [b"allowed"]


def _is_allowed(log: KafkaLog, place: Place) -> bool:
    try:
        return bool(log.topics([place.topic]))
    except LogUnanswered:
        return False

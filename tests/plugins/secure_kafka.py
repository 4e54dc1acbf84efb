"""One broker as clusters with log-ins have it: TLS, passwords, client certificates and ACLs."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from eventstore.clock import SystemClock
from scripts.launcher.broker import Cluster
from scripts.launcher.listeners import Listener
from scripts.launcher.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from scripts.launcher.java import Java

USER: Final = "teddy"  # may do all
LIMITED: Final = "limited"  # may do what its ACLs say
PASSWORD: Final = "not-a-secret"  # noqa: S105  (of brokers that live for a minute)
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class Authority:
    """Who signs certificates; its files lie in one folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name_of(name)
        own = _certificate(self._name, self._key.public_key(), self._name)
        own = own.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def issue(self, name: str, *, hosts: bool = False) -> tuple[Path, Path]:
        """Certificate and key for a name; hosts: for a server on loopback."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_name_of(name), key.public_key(), self._name)
        if hosts:
            names = [
                x509.DNSName("localhost"),
                x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            ]
            made = made.add_extension(
                x509.SubjectAlternativeName(names), critical=False
            )
        certificate = self._folder / f"{name}.crt"
        certificate.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        file = self._folder / f"{name}.key"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, file


@dataclass(frozen=True)
class SecureKafka:
    """A broker's listeners, and what a client gives to each."""

    cluster: Cluster
    listeners: Mapping[str, Listener]
    authority: Authority
    stranger: Authority

    def tls(self) -> dict[str, Any]:
        """TLS, as the broker's certificate needs it."""
        return {"security_protocol": "SSL", "ssl_cafile": str(self.authority.file)}

    def login(
        self, mechanism: str = "SCRAM-SHA-512", user: str = USER
    ) -> dict[str, Any]:
        """TLS and a password."""
        return self.tls() | {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": mechanism,
            "sasl_plain_username": user,
            "sasl_plain_password": PASSWORD,
        }

    def allow(self, operations: Iterable[str], prefix: str) -> None:
        """Grant the limited user these rights on topics whose names begin so. They hold a moment later."""
        pattern = ResourcePattern(
            ResourceType.TOPIC, prefix, ACLResourcePatternType.PREFIXED
        )
        acls = [
            ACL(
                f"User:{LIMITED}",
                "*",
                ACLOperation[one],
                ACLPermissionType.ALLOW,
                pattern,
            )
            for one in operations
        ]
        admin = KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap)
        try:
            if acls:
                admin.create_acls(acls)
        finally:
            admin.close()

    def certificate(self, authority: Authority | None = None) -> dict[str, Any]:
        """TLS on both sides."""
        certificate, key = (authority or self.authority).issue(USER)
        return self.tls() | {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}


@pytest.fixture(scope="session")
def secure_kafka(
    kafka_runtime: Java, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SecureKafka]:
    """A broker with four listeners: PLAIN text of the launcher's, TLS, LOGIN (SASL_SSL), OPEN (SASL_PLAINTEXT), MUTUAL."""
    folder = tmp_path_factory.mktemp("secure-kafka")
    authority = Authority(folder, "authority")
    listeners = _listeners(folder, authority)
    cluster = Cluster(
        folder / "kafka",
        kafka_runtime,
        settings={
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{USER};User:CN={USER}",
            "connection.failed.authentication.delay.ms": "10",
        },
        more=listeners,
        scram=[
            f"{mechanism}=[name={user},password={PASSWORD}]"
            for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256")
            for user in (USER, LIMITED)
        ],
    )
    cluster.start()
    yield SecureKafka(cluster, listeners, authority, Authority(folder, "stranger"))
    cluster.stop()


def _listeners(folder: Path, authority: Authority) -> dict[str, Listener]:
    certificate, key = authority.issue("broker", hosts=True)
    store = folder / "broker.pem"
    store.write_bytes(key.read_bytes() + certificate.read_bytes())
    tls = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
    }
    users = " ".join(f'user_{user}="{PASSWORD}"' for user in (USER, LIMITED))
    login = {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
        "scram-sha-512.sasl.jaas.config": _SCRAM,
        "scram-sha-256.sasl.jaas.config": _SCRAM,
        "plain.sasl.jaas.config": f"{_PLAIN} {users};",
    }
    return {
        "TLS": Listener(free_port(), "SSL", tls),
        "LOGIN": Listener(free_port(), "SASL_SSL", tls | login),
        "OPEN": Listener(free_port(), "SASL_PLAINTEXT", login),
        "MUTUAL": Listener(free_port(), "SSL", tls | {"ssl.client.auth": "required"}),
    }


def _name_of(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    name: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    now = SystemClock().now()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

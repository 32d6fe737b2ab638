"""How every Kafka client of ours connects: to where, over TLS or not, and as whom. Nothing else gives clients these.

Certificates are read anew for each client, so that renewed ones are taken without a restart.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.protocol.metadata import MetadataRequest
from pydantic import SecretStr

from shared.messaging.failures import cause_of
from shared.settings import KafkaSecurity, SharedSettings

MECHANISM = "SCRAM-SHA-512"
_PROTOCOLS = {
    KafkaSecurity.PLAINTEXT: "PLAINTEXT",
    KafkaSecurity.TLS: "SSL",
    KafkaSecurity.SASL_TLS: "SASL_SSL",
}
_PROBE_MS = 5000
# The first that fits. A broker that gets what it does not understand just closes the connection.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "has a certificate that is not trusted: {verdict}"),
    (ssl.SSLError, "does not speak TLS as we do: is KAFKA_SECURITY right for that address?"),
    (SaslAuthenticationFailed, "refused the user or the password"),
    (UnsupportedSaslMechanismError, f"does not offer {MECHANISM}"),
    (KafkaConnectionError, "closed the connection: is KAFKA_SECURITY right for that address?"),
    (TimeoutError, "did not answer in time"),
    (ConnectionResetError, "closed the connection: is KAFKA_SECURITY right for that address?"),
    (OSError, "does not take connections ({name})"),
)


class ConnectionRefused(ValueError):  # noqa: N818 - named for what happened
    """The settings do not say how to connect; the message names the setting."""


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """What a client must know to reach Kafka. Without a certificate authority's file, the system's are trusted."""

    bootstrap: str
    security: KafkaSecurity = KafkaSecurity.PLAINTEXT
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    user: str | None = None
    password: SecretStr | None = None

    @classmethod
    def of(cls, settings: SharedSettings) -> "KafkaConnection":
        """Return a service's own connection, or an operator's where the settings are no service's.

        Raises ConnectionRefused where a user is needed and not named, or a file cannot be read.
        """
        login = "kafka" if hasattr(settings, "kafka_user") else "kafka_admin"
        connection = cls(
            settings.kafka_bootstrap,
            settings.kafka_security,
            settings.kafka_ca_file,
            settings.kafka_certificate_file,
            settings.kafka_key_file,
            getattr(settings, f"{login}_user"),
            getattr(settings, f"{login}_password"),
        )
        if connection.security is KafkaSecurity.SASL_TLS and not connection.user:
            name = settings.variable(f"{login}_user")
            raise ConnectionRefused(f"KAFKA_SECURITY=sasl_tls needs a user: set {name} and its password")
        try:
            connection.options()
        except OSError as error:
            raise ConnectionRefused(f"a file of KAFKA_CA_FILE and so on cannot be used: {error}") from error
        return connection

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of any aiokafka client."""
        options: dict[str, Any] = {"bootstrap_servers": self.bootstrap, **self._protection()}
        return options

    def _protection(self) -> dict[str, Any]:
        if self.security is KafkaSecurity.PLAINTEXT:
            return {"security_protocol": _PROTOCOLS[self.security]}
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        options = {"security_protocol": _PROTOCOLS[self.security], "ssl_context": context}
        if self.security is KafkaSecurity.SASL_TLS:
            assert self.password is not None
            options |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return options

    async def why_away(self, error: BaseException) -> str:
        """Say why Kafka could not be used: aiokafka's own error names the address alone, so this looks again."""
        host, port, _ = collect_hosts(self.bootstrap)[0]
        try:
            connection = await create_conn(host, port, request_timeout_ms=_PROBE_MS, **self._protection())
            try:
                await connection.send(MetadataRequest([]))  # answered to known users alone
            finally:
                await connection.close()
        except (OSError, KafkaError) as found:
            return f"{host}:{port} {_what_happened(found)}"
        return cause_of(error)


def _what_happened(error: OSError | KafkaError) -> str:
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text.format(verdict=getattr(error, "verify_message", ""), name=type(error).__name__)
    return cause_of(error)

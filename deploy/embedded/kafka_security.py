"""What makes a broker of ours take nobody it does not know: TLS, SCRAM users, and permission for nothing by itself.

Users are written when the log is formatted: only then is there a log, and no broker that would have to be asked.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from shared.messaging.kafka_connection import MECHANISM, KafkaConnection
from shared.settings import KafkaSecurity

_LISTENER = "SASL_SSL"
_ITERATIONS = 8192
_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"


@dataclass(frozen=True)
class BrokerSecurity:
    """A broker's certificate with its key in one PEM file, who signed it, and the passwords of its users by name.

    `admin` is one of the users and may do everything; `subject` is the certificate's, with which nodes know each other.
    """

    keystore_file: Path
    ca_file: Path
    subject: str
    users: Mapping[str, str]
    admin: str = "admin"

    def connection(self, bootstrap: str, user: str | None = None) -> KafkaConnection:
        """Return how a user reaches the broker; the administrator where none is named."""
        name = user or self.admin
        return KafkaConnection(
            bootstrap,
            KafkaSecurity.SASL_TLS,
            self.ca_file,
            user=name,
            password=SecretStr(self.users[name]),
        )

    def properties(self, port: int, controller_port: int) -> dict[str, str]:
        """Return what differs from an open broker: one listener for known users, one for nodes with a certificate."""
        scram = f"listener.name.{_LISTENER.lower()}.{MECHANISM.lower()}.sasl.jaas.config"
        module = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        return {
            "listeners": f"{_LISTENER}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": f"{_LISTENER}://127.0.0.1:{port}",
            "listener.security.protocol.map": f"{_LISTENER}:{_LISTENER},CONTROLLER:SSL",
            "inter.broker.listener.name": _LISTENER,
            "sasl.enabled.mechanisms": MECHANISM,
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            scram: f'{module} username="{self.admin}" password="{self.users[self.admin]}";',
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.keystore_file.resolve()),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca_file.resolve()),
            "listener.name.controller.ssl.client.auth": "required",
            "authorizer.class.name": _AUTHORIZER,
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:{self.admin};User:{self.subject}",
        }

    def format_arguments(self) -> list[str]:
        """Return the users as the formatter takes them: salted, so that no password is on a command line."""
        return [f"--add-scram={MECHANISM}=[{_salted(name, password)}]" for name, password in self.users.items()]


def _salted(name: str, password: str) -> str:
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    parts = {"salt": salt, "saltedpassword": salted}
    encoded = ",".join(f'{part}="{base64.b64encode(value).decode()}"' for part, value in parts.items())
    return f'name="{name}",iterations={_ITERATIONS},{encoded}'

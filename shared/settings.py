"""What a process must be told from outside. Read once, in the composition root; never a global.

Parts that the services share have plain names (`KAFKA_BOOTSTRAP`); what each has for itself begins with its name
(`BOOKING_DATABASE_URL`).
"""

import base64
import binascii
import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kernel.clock import Clock, clock_from

SAMPLE_PREFIX = "sample-"
_KEY_BYTES = 32
_EXPOSED = (
    "{what} names another machine, and nothing protects what is sent there: {remedy}. "
    "KURSLOTS_PLAIN_NETWORK=trusted says that nobody else can read or answer on that network"
)


class Mode(StrEnum):
    """Whether the system is the embedded one on this machine, or a real installation."""

    EMBEDDED = "embedded"
    PRODUCTION = "production"


class KafkaSecurity(StrEnum):
    """How clients and brokers know one another. A password never travels without TLS: there is no such choice."""

    PLAINTEXT = "plaintext"
    TLS = "tls"
    SASL_TLS = "sasl_tls"


class SharedSettings(BaseSettings):
    """Settings with the same meaning in every service. `kafka_admin_…` are an operator's, for commands alone."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    mode: Mode = Field(default=Mode.PRODUCTION, validation_alias="KURSLOTS_MODE")
    clock: str = Field(default="system", validation_alias="KURSLOTS_CLOCK")
    origin: str = Field(default="http://127.0.0.1:8000", validation_alias="KURSLOTS_ORIGIN")
    namespace: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9_.-]{0,40})?$", validation_alias="NAMESPACE")
    kafka_bootstrap: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP")
    kafka_security: KafkaSecurity = Field(default=KafkaSecurity.PLAINTEXT, validation_alias="KAFKA_SECURITY")
    kafka_ca_file: Path | None = Field(default=None, validation_alias="KAFKA_CA_FILE")
    kafka_certificate_file: Path | None = Field(default=None, validation_alias="KAFKA_CERTIFICATE_FILE")
    kafka_key_file: Path | None = Field(default=None, validation_alias="KAFKA_KEY_FILE")
    kafka_admin_user: str | None = Field(default=None, validation_alias="KAFKA_ADMIN_USER")
    kafka_admin_password: SecretStr | None = Field(default=None, validation_alias="KAFKA_ADMIN_PASSWORD")
    plain_network: Literal["refused", "trusted"] = Field(default="refused", validation_alias="KURSLOTS_PLAIN_NETWORK")
    kafka_replication: int = Field(default=1, ge=1, le=5, validation_alias="KAFKA_REPLICATION")
    relay_shards: int = Field(default=1, ge=1, le=64, validation_alias="RELAY_SHARDS")
    oidc_issuer: str = Field(default="http://127.0.0.1:8000/issuer", validation_alias="OIDC_ISSUER")
    oidc_issuer_alias: str = Field(
        default="embedded", pattern=r"^[a-z0-9-]{1,40}$", validation_alias="OIDC_ISSUER_ALIAS"
    )
    log_level: str = Field(default="info", validation_alias="LOG_LEVEL")

    @model_validator(mode="after")
    def _secrets_are_real(self) -> Self:
        for name, value in self:
            if not isinstance(value, SecretStr) or self.is_embedded:
                continue
            if SAMPLE_PREFIX in value.get_secret_value():
                raise ValueError(
                    f"{name} is a sample that anybody can read. Set {self.variable(name)} to a secret of your own; "
                    "samples are taken in embedded mode only"
                )
        return self

    @model_validator(mode="after")
    def _kafka_is_reached_soundly(self) -> Self:
        for login in ("kafka_admin", "kafka"):
            user, password = getattr(self, f"{login}_user", None), getattr(self, f"{login}_password", None)
            if bool(user) != bool(password):
                names = self.variable(f"{login}_user"), self.variable(f"{login}_password")
                raise ValueError(f"{names[0]} and {names[1]} go together: one of them is not set")
            if user and self.kafka_security is not KafkaSecurity.SASL_TLS:
                raise ValueError(f"{self.variable(f'{login}_user')} is used with KAFKA_SECURITY=sasl_tls only")
        files = (self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file)
        if any(files) and self.kafka_security is KafkaSecurity.PLAINTEXT:
            raise ValueError("KAFKA_CA_FILE and a certificate are used with KAFKA_SECURITY=tls or sasl_tls only")
        if bool(self.kafka_certificate_file) != bool(self.kafka_key_file):
            raise ValueError("KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE go together: one of them is not set")
        if self.kafka_security is KafkaSecurity.PLAINTEXT and self._is_exposed(self.kafka_bootstrap.split(",")):
            raise ValueError(_EXPOSED.format(what="KAFKA_BOOTSTRAP", remedy="set KAFKA_SECURITY=sasl_tls (or tls)"))
        return self

    def _is_exposed(self, addresses: list[str]) -> bool:
        """Whether any of these is reached over a network that nobody has said is trusted."""
        if self.is_embedded or self.plain_network == "trusted":
            return False
        return not all(is_on_this_machine(address) for address in addresses)

    @classmethod
    def variable(cls, field: str) -> str:
        """Return the environment's name of a field."""
        alias = cls.model_fields[field].validation_alias
        return alias if isinstance(alias, str) else f"{cls.model_config.get('env_prefix', '')}{field}".upper()

    @property
    def is_embedded(self) -> bool:
        """Whether shortcuts that are for one machine alone are allowed."""
        return self.mode is Mode.EMBEDDED

    def make_clock(self) -> Clock:
        """Return the clock of business time; a stepped one is refused unless embedded."""
        return clock_from(self.clock, may_be_stepped=self.is_embedded)

    def topic(self, name: str) -> str:
        """Return the name of a topic or group in this system's namespace."""
        return f"{self.namespace}.{name}" if self.namespace else name


class ServiceSettings(SharedSettings):
    """Settings of one service; a subclass says which (`SERVICE`) and reads `<SERVICE>_…` for its own."""

    SERVICE: ClassVar[str]

    database_url: SecretStr
    secret: SecretStr
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - handed on to pydantic as it came
        super().__init_subclass__(**kwargs)
        if service := cls.__dict__.get("SERVICE"):
            cls.model_config = SettingsConfigDict(**{**cls.model_config, "env_prefix": f"{service.upper()}_"})

    @model_validator(mode="after")
    def _database_is_reached_soundly(self) -> Self:
        url = urlsplit(self.database_url.get_secret_value())
        is_checked = parse_qs(url.query).get("sslmode") == ["verify-full"]
        if not is_checked and self._is_exposed([url.netloc.rpartition("@")[2]]):
            remedy = "add ?sslmode=verify-full&sslrootcert=FILE to it"
            raise ValueError(_EXPOSED.format(what=self.variable("database_url"), remedy=remedy))
        return self

    @property
    def secret_key(self) -> bytes:
        """The service's root key, 32 bytes; keys for each purpose are derived from it."""
        return _key_in(self.secret, f"{self.SERVICE.upper()}_SECRET")


class LinkingSettings(ServiceSettings):
    """Settings of a service that makes or reads personal links and codes: one key that such services share."""

    personal_links_secret: SecretStr = Field(
        default=SecretStr(f"{SAMPLE_PREFIX}personal-links-secret"), validation_alias="PERSONAL_LINKS_SECRET"
    )

    @property
    def personal_links_key(self) -> bytes:
        """The root key of personal links, 32 bytes."""
        return _key_in(self.personal_links_secret, "PERSONAL_LINKS_SECRET")


def _key_in(secret: SecretStr, name: str) -> bytes:
    text = secret.get_secret_value()
    if text.startswith(SAMPLE_PREFIX):
        return text.encode().ljust(_KEY_BYTES, b".")[:_KEY_BYTES]
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{name} is not base64") from error
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{name} holds {len(key)} bytes; make it {_KEY_BYTES}")
    return key


def is_on_this_machine(address: str) -> bool:
    """Whether `host`, `host:port` or `[host]:port` is reached without a network. No host means a socket."""
    host = urlsplit(f"//{address.strip()}").hostname
    if host is None or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

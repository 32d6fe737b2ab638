"""What a process must be told from outside. Read once, in the composition root; never a global.

Parts that the services share have plain names (`KAFKA_BOOTSTRAP`); what each has for itself begins with its name
(`BOOKING_DATABASE_URL`).
"""

import base64
import binascii
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kernel.clock import Clock, clock_from

SAMPLE_PREFIX = "sample-"
_KEY_BYTES = 32


class Mode(StrEnum):
    """Whether the system is the embedded one on this machine, or a real installation."""

    EMBEDDED = "embedded"
    PRODUCTION = "production"


class SharedSettings(BaseSettings):
    """Settings with the same meaning in every service."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    mode: Mode = Field(default=Mode.PRODUCTION, validation_alias="KURSLOTS_MODE")
    clock: str = Field(default="system", validation_alias="KURSLOTS_CLOCK")
    origin: str = Field(default="http://127.0.0.1:8000", validation_alias="KURSLOTS_ORIGIN")
    namespace: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9_.-]{0,40})?$", validation_alias="NAMESPACE")
    kafka_bootstrap: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP")
    kafka_replication: int = Field(default=1, ge=1, le=5, validation_alias="KAFKA_REPLICATION")
    relay_shards: int = Field(default=1, ge=1, le=64, validation_alias="RELAY_SHARDS")
    oidc_issuer: str = Field(default="http://127.0.0.1:8000/issuer", validation_alias="OIDC_ISSUER")
    oidc_issuer_alias: str = Field(
        default="embedded", pattern=r"^[a-z0-9-]{1,40}$", validation_alias="OIDC_ISSUER_ALIAS"
    )
    log_level: str = Field(default="info", validation_alias="LOG_LEVEL")

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

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - handed on to pydantic as it came
        super().__init_subclass__(**kwargs)
        if service := cls.__dict__.get("SERVICE"):
            cls.model_config = SettingsConfigDict(**{**cls.model_config, "env_prefix": f"{service.upper()}_"})

    @model_validator(mode="after")
    def _secrets_are_real(self) -> Self:
        for name, value in self:
            if not isinstance(value, SecretStr) or self.is_embedded:
                continue
            if SAMPLE_PREFIX in value.get_secret_value():
                raise ValueError(
                    f"{name} is a sample that anybody can read. Set {self.SERVICE.upper()}_{name.upper()} to a secret "
                    "of your own; samples are taken in embedded mode only"
                )
        return self

    @property
    def secret_key(self) -> bytes:
        """The service's root key, 32 bytes; keys for each purpose are derived from it."""
        text = self.secret.get_secret_value()
        if text.startswith(SAMPLE_PREFIX):
            return text.encode().ljust(_KEY_BYTES, b".")[:_KEY_BYTES]
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"{self.SERVICE.upper()}_SECRET is not base64") from error
        if len(key) != _KEY_BYTES:
            raise ValueError(f"{self.SERVICE.upper()}_SECRET holds {len(key)} bytes; make it {_KEY_BYTES}")
        return key

"""The settings of notification: its database and secret, the ways out, and when to try again."""

from typing import ClassVar

from pydantic import Field, SecretStr

from shared.settings import LinkingSettings


class NotificationSettings(LinkingSettings):
    """Read from `NOTIFICATION_…`, the shared names, `PERSONAL_LINKS_SECRET`, `SMTP_…` and `SMS_…`.

    The schedule is one that has served a national service: 48 tries, 300 s apart, an SMS's first retry at once.
    """

    SERVICE: ClassVar[str] = "notification"

    smtp_url: SecretStr = Field(default=SecretStr("smtp://127.0.0.1:2525"), validation_alias="SMTP_URL")
    smtp_from: str = Field(default="Kurslots <no-reply@kurslots.example>", validation_alias="SMTP_FROM")
    smtp_timeout_seconds: float = Field(default=30, gt=0, validation_alias="SMTP_TIMEOUT_SECONDS")
    sms_provider: str = Field(default="46elks", pattern="^46elks$", validation_alias="SMS_PROVIDER")
    sms_url: str = Field(default="http://127.0.0.1:8000/sms/a1/sms", validation_alias="SMS_URL")
    sms_user: str = Field(default="", validation_alias="SMS_USER")
    sms_password: SecretStr = Field(default=SecretStr(""), validation_alias="SMS_PASSWORD")
    sms_from: str = Field(
        default="Kurslots", pattern=r"^([A-Za-z][A-Za-z0-9]{0,10}|\+[1-9][0-9]{6,14})$", validation_alias="SMS_FROM"
    )
    sms_timeout_seconds: float = Field(default=15, gt=0, validation_alias="SMS_TIMEOUT_SECONDS")

    max_tries: int = Field(default=48, ge=1, le=1000)
    retry_pause_seconds: int = Field(default=300, ge=1)
    receipt_wait_days: int = Field(default=3, ge=1)
    recipient_wait_hours: int = Field(default=24, ge=1)
    quiet_from_hour: int = Field(default=20, ge=0, le=23)
    quiet_until_hour: int = Field(default=8, ge=0, le=23)
    content_keep_days: int = Field(default=30, ge=1)
    soft_suppression_days: int = Field(default=30, ge=1)
    sending_limit_seconds: int = Field(default=120, ge=10, description="after this an attempt is taken for lost")
    concurrent_sendings: int = Field(default=8, ge=1, le=64)

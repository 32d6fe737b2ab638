"""What the helper process must be told: addresses and folders as arguments, the SMS account from the environment."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.people import PEOPLE_FILE

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class OriginSettings:
    """Everything about one running origin."""

    home: Path
    routes: Path
    sms_user: str
    sms_password: str
    host: str = "127.0.0.1"
    port: int = 8000
    smtp_port: int = 2525
    public_url: str = ""
    issuer_name: str = ""
    people: Path = PEOPLE_FILE
    max_body_bytes: int = 12 * 1024 * 1024
    max_mail_bytes: int = 6 * 1024 * 1024
    answer_seconds: float = 60.0
    kept_messages: int = 20_000

    @property
    def url(self) -> str:
        """The address that people use, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def issuer(self) -> str:
        """The issuer's name, the `iss` of every token."""
        return (self.issuer_name or f"{self.url}/issuer").rstrip("/")

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`Host` values that are answered; any other is a page elsewhere that had its name point to this machine."""
        names = {f"{name}:{self.port}" for name in (*LOOPBACK_NAMES, self.host)}
        return frozenset(names | {urlsplit(self.url).netloc, urlsplit(self.issuer).netloc})

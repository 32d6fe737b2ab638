"""What each process of an embedded system is told, and which parts are somebody else's.

Every name that is already in the caller's environment wins: that is how a real part takes the place of an embedded one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from deploy.embedded.home import Home
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import free_port, is_port_free

SERVICES = ("booking", "procurement", "notification")
PARTS = ("web", "worker")
# How somebody else's Kafka is reached; remembered, so that a command in another shell reaches it too.
PASSED_ON = (
    "NAMESPACE",
    "KAFKA_REPLICATION",
    "KAFKA_SECURITY",
    "KAFKA_CA_FILE",
    "KAFKA_CERTIFICATE_FILE",
    "KAFKA_KEY_FILE",
    "KAFKA_ADMIN_USER",
    "KAFKA_ADMIN_PASSWORD",
    *(f"{service.upper()}_KAFKA_{word}" for service in SERVICES for word in ("USER", "PASSWORD")),
)


@dataclass(frozen=True)
class Ports:
    """The loopback ports behind the origin; kept from start to start where they are still free."""

    postgres: int
    kafka: int
    kafka_controller: int
    smtp: int
    booking_web: int
    booking_worker: int
    procurement_web: int
    procurement_worker: int
    notification_web: int
    notification_worker: int

    def of(self, service: str, part: str) -> int:
        port: int = getattr(self, f"{service}_{part}")
        return port

    @classmethod
    def choose(cls, home: Home) -> "Ports":
        """Take last time's ports where nobody else has them now."""
        last = home.running().get("ports", {})
        chosen: dict[str, int] = {}
        for field in fields(cls):
            port = last.get(field.name)
            while port is None or port in chosen.values() or not is_port_free(port):
                port = free_port()
            chosen[field.name] = port
        return cls(**chosen)

    @classmethod
    def of_running(cls, home: Home) -> "Ports":
        return cls(**home.running()["ports"])

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def database_name(service: str) -> str:
    return f"{service.upper()}_DATABASE_URL"


def needs_postgres(given: Mapping[str, str]) -> bool:
    return any(not given.get(database_name(service)) for service in SERVICES)


def needs_kafka(given: Mapping[str, str]) -> bool:
    return not given.get("KAFKA_BOOTSTRAP")


def postgres_of(home: Home, port: int) -> PostgresServer:
    return PostgresServer(home.folder / "postgres", port, home.secret("postgres"))


def environment(home: Home, ports: Ports, origin: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of all processes of a system; `given` is the caller's environment."""
    postgres = postgres_of(home, ports.postgres)
    settings = {
        "KURSLOTS_HOME": str(home.folder),
        "KURSLOTS_MODE": "embedded",
        "KURSLOTS_CLOCK": f"file:{home.clock}",
        "KURSLOTS_ORIGIN": origin,
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{ports.kafka}",
        "OIDC_ISSUER": f"{origin}/issuer",
        "SMTP_URL": f"smtp://127.0.0.1:{ports.smtp}",
        "SMS_URL": f"{origin}/sms/a1/sms",
        "SMS_USER": "kurslots",
        "SMS_PASSWORD": home.secret("sms"),
        "PERSONAL_LINKS_SECRET": home.secret("personal links"),
    }
    for service in SERVICES:
        settings[database_name(service)] = postgres.url(service, service, home.secret(f"{service} database"))
        settings[f"{service.upper()}_SECRET"] = home.secret(service)
    passed_on = {name: given[name] for name in PASSED_ON if given.get(name)}
    return {**{name: given.get(name) or value for name, value in settings.items()}, **passed_on}


def running_environment(home: Home, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the system that runs on this folder, for commands that look into it."""
    running = home.running()
    return environment(home, Ports.of_running(home), running["origin"], {**running["given"], **given})

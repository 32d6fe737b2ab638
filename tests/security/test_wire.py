"""Over a network that others listen on: whole workers speak TLS as known users, and what is half right is refused."""

import asyncio
import base64
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import Program, free_port, start, stop_tree
from services.procurement.settings import ProcurementSettings
from services.procurement.worker import create_worker
from shared.contracts.booking import PersonDescribed
from shared.contracts.procurement import TrainingRequestDeclined
from shared.db import Database, open_database
from shared.kernel.ids import new_id
from shared.messaging.outbox import describe, record
from tests.support.certificates import Authority
from tests.support.guarded import POSTGRES_PASSWORD, USERS, Told, guarded_kafka, guarded_postgres, kurslots
from tests.support.messaging import SOME_TIME, a_message, rows_of, until

pytestmark = pytest.mark.timeout(300)  # whichever test comes first waits for both servers

ROOT = Path(__file__).parents[2]
SERVICES = ("booking", "procurement", "notification")
SECRET = base64.b64encode(b"a key of thirty-two bytes, whole").decode()
DATABASE_PASSWORDS = {service: f"the-password-of-{service}-in-the-database" for service in SERVICES}
# What no log may show: passwords, and what could be used in their place.
SECRETS = (*USERS.values(), *DATABASE_PASSWORDS.values(), POSTGRES_PASSWORD, SECRET, "not-this-one", "PRIVATE KEY")


@dataclass
class Guarded:
    """Both servers, what every process is told, and every log."""

    folder: Path
    authority: Authority
    postgres: PostgresServer
    kafka: KafkaServer
    urls: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        told = {
            "KURSLOTS_MODE": "production",
            "KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "KAFKA_SECURITY": "sasl_tls",
            "KAFKA_CA_FILE": str(self.authority.ca_file),
            "PERSONAL_LINKS_SECRET": SECRET,
        }
        for service in SERVICES:
            told |= {
                f"{service.upper()}_DATABASE_URL": self.urls[service],
                f"{service.upper()}_SECRET": SECRET,
                f"{service.upper()}_KAFKA_USER": service,
                f"{service.upper()}_KAFKA_PASSWORD": USERS[service],
            }
        return told

    async def kurslots(self, *command: str) -> str:
        """Give an operator's command and return what it says."""
        result = await self.ask(*command)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    async def ask(self, *command: str, **changes: str) -> Told:
        """Give an operator's command, with changes of what she is told, and return how it ended."""
        admin = {"KAFKA_ADMIN_USER": "admin", "KAFKA_ADMIN_PASSWORD": USERS["admin"]}
        nothing_here = {"KURSLOTS_HOME": str(self.folder / "nothing")}
        return await kurslots({**self.environment(), **admin, **nothing_here, **changes}, *command)


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """Both servers with topics, rules and tables, each made by the command that an operator uses."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    kafka, postgres = guarded_kafka(folder, authority), guarded_postgres(folder, authority)
    with ExitStack() as stack:
        stack.callback(kafka.stop)
        stack.callback(postgres.stop)
        await asyncio.gather(kafka.start(), postgres.start())
        assert isinstance(kafka.server, KafkaServer)
        assert isinstance(postgres.server, PostgresServer)
        made = Guarded(folder, authority, postgres.server, kafka.server)
        for service in SERVICES:
            made.urls[service] = await made.postgres.ensure_database(service, service, DATABASE_PASSWORDS[service])
        for command in (("topics",), ("topics", "--check"), ("acls",), ("acls", "--check")):
            await made.kurslots(*command)
        for service in SERVICES:
            await made.kurslots("migrate", service)
        yield made


@asynccontextmanager
async def worker(service: str, guarded: Guarded) -> AsyncIterator[str]:
    """Run a service's worker as a process of its own, and give its address when it is ready."""
    port = free_port()
    command = (sys.executable, "-m", f"services.{service}", "worker", "--port", str(port))
    program = Program(command, guarded.folder, {**guarded.environment(), "PYTHONPATH": str(ROOT)})
    process = start(program, guarded.folder / f"{service}.log")
    address = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:

            async def is_ready() -> bool:
                assert process.poll() is None, (guarded.folder / f"{service}.log").read_text()
                try:
                    return (await client.get("/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(is_ready, seconds=120)
        yield address
    finally:
        if process.poll() is None:
            stop_tree(psutil.Process(process.pid))
        process.wait()


async def test_a_state_reaches_another_service_over_protected_connections_alone(guarded: Guarded) -> None:
    person = a_message(PersonDescribed)
    booking, procurement = (open_database(guarded.urls[service]) for service in ("booking", "procurement"))
    try:
        async with worker("booking", guarded), worker("procurement", guarded):
            async with booking.sessions() as session, session.begin():
                await describe(session, person, version=1, at=SOME_TIME)

            async def copied() -> list[object]:
                return await rows_of(procurement, "SELECT 1 FROM copy_versions WHERE key = :key", key=person.person_id)

            await until(copied)
            assert ": the same\n" in await guarded.kurslots("rebuild", "procurement")
            connections = await rows_of(
                booking,
                "SELECT application_name AS name, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                "WHERE usename = 'booking'",
            )
        assert {"kurslots booking worker", "kurslots relay lock"} <= {each.name for each in connections}
        assert all(each.ssl for each in connections)
    finally:
        await booking.close()
        await procurement.close()
    logs = {path.name: path.read_text() for path in guarded.folder.glob("*.log")}
    assert {"booking.log", "procurement.log", "kafka.log", "postgres.log"} <= set(logs)
    assert [(name, secret) for name, text in logs.items() for secret in SECRETS if secret in text] == []


@pytest.fixture
async def procurement(guarded: Guarded) -> AsyncIterator[Database]:
    """Procurement's database, with two messages that were set aside and one that waits to be published."""
    database = open_database(guarded.urls["procurement"])
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM dead_letters")
        await connection.exec_driver_sql("DELETE FROM outbox")
        for offset in (1, 2):
            await connection.exec_driver_sql(SET_ASIDE.format(offset=offset, key=new_id(), message=new_id()))
    async with database.sessions() as session, session.begin():
        await record(session, a_message(TrainingRequestDeclined), version=1, at=SOME_TIME)
    yield database
    await database.close()


SET_ASIDE = """
    INSERT INTO dead_letters
           (consumer, topic, partition, "offset", key, message_id, type, standing, cause, stack, tries)
    VALUES ('effects', 'booking.training-requests', 0, {offset}, '{key}', '{message}',
            'training_request.submitted.v1', 'failed', 'ValueError in on_training_request_submitted', 'line 88', 3)
"""


async def test_status_tells_what_waits_behind_protected_connections(guarded: Guarded, procurement: Database) -> None:
    told = await guarded.ask("status", "--json")
    assert told.exit_code == 0, told.stdout + told.stderr
    found = json.loads(told.stdout)
    assert {part["name"]: part["state"] for part in found["parts"]} == dict.fromkeys(
        ("KAFKA_BOOTSTRAP", *(f"{service.upper()}_DATABASE_URL" for service in SERVICES)), "up"
    )
    assert found["queues"]["procurement"] == {
        "outbox_rows": 1,
        "dead_letters": 2,
        "parked_keys": 0,
        "stopped_keys": 0,
    }
    assert all(isinstance(found["queues"][service], dict) for service in SERVICES)
    assert isinstance(found["lag"], dict)
    shown = (await guarded.kurslots("status")) + told.stdout
    assert [secret for secret in SECRETS if secret in shown] == []


async def test_settled_tells_what_waits_behind_protected_connections(guarded: Guarded, procurement: Database) -> None:
    said: list[str] = []

    async def everything_answers() -> (
        bool
    ):  # a new broker makes the topic that groups stand in when first asked for one
        told = await guarded.ask("settled", "--seconds", "0")
        assert told.exit_code == 1, told.stdout
        said.append(told.stderr)
        return "does not answer" not in told.stderr

    await until(everything_answers, what="the broker's answer about groups", seconds=90)
    assert "procurement: 1 rows in the outbox" in said[-1]


async def test_an_operator_who_is_not_named_is_told_which_setting_is_missing(guarded: Guarded) -> None:
    told = await guarded.ask("settled", "--seconds", "0", KAFKA_ADMIN_USER="", KAFKA_ADMIN_PASSWORD="")
    assert told.exit_code == 1
    assert "set KAFKA_ADMIN_USER and its password" in told.stderr
    assert "Traceback" not in told.stderr


async def test_dead_letters_are_listed_and_settled_over_protected_connections(
    guarded: Guarded, procurement: Database
) -> None:
    listed = json.loads(await guarded.kurslots("dead-letters", "procurement", "--json"))
    first, second = [letter["id"] for letter in listed["procurement"]["dead_letters"]]
    await guarded.kurslots("dead-letters", "procurement", "--discard", str(first), "--reason", "Sent twice by mistake")
    await guarded.kurslots("dead-letters", "procurement", "--replay", str(second))
    rows = await rows_of(procurement, "SELECT id, settled_at, retry_at FROM dead_letters ORDER BY id")
    assert [(row.id, row.settled_at is not None, row.retry_at is not None) for row in rows] == [
        (first, True, False),
        (second, False, True),
    ]


@pytest.mark.parametrize(
    ("changes", "queue", "lag"),
    [
        ({"KAFKA_CA_FILE": "stranger"}, None, "not trusted"),
        ({"KAFKA_ADMIN_PASSWORD": "not-this-one"}, None, "refused the user or the password"),
        ({"PROCUREMENT_DATABASE_URL": "stranger"}, "has a certificate that is not trusted", None),
    ],
    ids=["Kafka's authority", "Kafka's password", "the database's authority"],
)
async def test_what_does_not_take_the_operator_is_told_as_unknown_and_not_as_empty(
    guarded: Guarded, stranger: str, changes: dict[str, str], queue: str | None, lag: str | None
) -> None:
    url = guarded.urls["procurement"].replace(str(guarded.authority.ca_file), stranger)
    told = {
        name: url if "DATABASE" in name else stranger if value == "stranger" else value
        for name, value in changes.items()
    }
    found = json.loads((await guarded.ask("status", "--json", **told)).stdout)
    assert isinstance(found["queues"]["procurement"], dict) is (queue is None)
    assert (queue or "") in str(found["queues"]["procurement"])
    assert isinstance(found["lag"], dict) is (lag is None)
    assert (lag or "") in str(found["lag"])
    settled = await guarded.ask("settled", "--seconds", "0", **told)
    assert settled.exit_code == 1
    assert "does not answer" in settled.stderr


async def _account(told: Mapping[str, str | None], monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """Return what a worker that is told this says of itself once it has found out why it cannot work."""
    for name, value in told.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    application = create_worker(ProcurementSettings())
    async with application.start_lifespan_context():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
            account: dict[str, object] = {}

            async def says_why() -> bool:
                account.update((await client.get("/health")).json())
                return bool(account["kafka_away_because"] or account["database_away_because"])

            await until(says_why)
            assert (await client.get("/ready")).status_code == 503
    return account


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """The file of an authority that signed nothing here."""
    return str(Authority(tmp_path, "stranger").ca_file)


NO_LOGIN = {"PROCUREMENT_KAFKA_USER": None, "PROCUREMENT_KAFKA_PASSWORD": None}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PROCUREMENT_KAFKA_PASSWORD": "not-this-one"}, "refused the user or the password"),
        ({"PROCUREMENT_KAFKA_USER": "nobody"}, "refused the user or the password"),
        ({"KAFKA_CA_FILE": "stranger"}, "has a certificate that is not trusted"),
        ({"KAFKA_SECURITY": "plaintext", "KAFKA_CA_FILE": None, **NO_LOGIN}, "is KAFKA_SECURITY right"),
        ({"KAFKA_SECURITY": "tls", **NO_LOGIN}, "is KAFKA_SECURITY right"),
    ],
    ids=["wrong password", "unknown user", "unknown authority", "no TLS", "no user"],
)
async def test_a_worker_that_kafka_does_not_take_says_why(
    changes: dict[str, str | None],
    reason: str,
    guarded: Guarded,
    stranger: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    changes = {name: stranger if value == "stranger" else value for name, value in changes.items()}
    account = await _account({**guarded.environment(), **changes}, monkeypatch)
    assert reason in str(account["kafka_away_because"])
    assert (account["kafka"], account["database_away_because"]) == (False, None)
    shown = caplog.text + "".join(capfd.readouterr()) + str(account)
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://procurement:not-this-one@{place}/procurement?{tls}", "refused the user or the password"),
        ("postgresql://procurement:{password}@{place}/procurement", "does it ask for TLS"),
        ("{url}", "has a certificate that is not trusted"),
    ],
    ids=["wrong password", "no TLS", "unknown authority"],
)
async def test_a_worker_that_postgresql_does_not_take_says_why(
    url: str,
    reason: str,
    guarded: Guarded,
    stranger: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    right = guarded.urls["procurement"]
    changed = url.format(
        url=right.replace(str(guarded.authority.ca_file), stranger),
        place=f"127.0.0.1:{guarded.postgres.port}",
        password=DATABASE_PASSWORDS["procurement"],
        tls=right.partition("?")[2],
    )
    account = await _account({**guarded.environment(), "PROCUREMENT_DATABASE_URL": changed}, monkeypatch)
    assert reason in str(account["database_away_because"])
    shown = caplog.text + "".join(capfd.readouterr()) + str(account)
    assert [secret for secret in SECRETS if secret in shown] == []


async def test_with_everything_right_a_worker_has_no_such_reason(guarded: Guarded) -> None:
    """The control of the tests above."""
    async with worker("procurement", guarded) as address, httpx.AsyncClient(trust_env=False) as client:
        account = (await client.get(f"{address}/health")).json()
    assert (account["kafka"], account["kafka_away_because"], account["database_away_because"]) == (True, None, None)

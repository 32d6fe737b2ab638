"""What every test may ask for.

`postgres` and `kafka` are one server each for the whole run, shared by xdist's workers; keep apart from other tests by
`namespace` (topics, groups) and by a database of your own:

    async def test_x(service_database, kafka, namespace):
        url = await service_database("booking")      # fresh, migrated, yours; dropped after the test
        other = await blank_database(metadata)       # fresh, with the tables of the given MetaData only

`module_database` is `service_database` for a whole module. `own_kafka` and `own_postgres` may be stopped, killed and
started again. `chromium` is one browser for a worker. Nothing is started before a test asks for it.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser
from xdist.remote import Producer  # type: ignore[import-untyped]  # ships no types
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # ships no types

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import free_port
from tests.browser.chromium import running_chromium
from tests.support import run
from tests.support.databases import BlankDatabase, Databases, ServiceDatabase
from tests.support.keeper import PASSWORD
from tests.support.keycloak import Keycloak, running_keycloak
from tests.support.own_parts import OwnPart
from tests.support.scheduling import SystemTogether

_LEADS = pytest.StashKey[bool]()
_AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-")  # made by chance or of the time


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LEADS] = run.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return SystemTogether(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a name that is another one in every process: two workers would not agree on what there is to do."""
    if _AN_ID.search(item.name):
        raise pytest.UsageError(f"{item.nodeid} has an id in its name: give what it is parametrized with a fixed one")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if parts := run.started():
        terminalreporter.write_line(f"started for these tests, and stopped: {', '.join(parts)}")


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(_LEADS, False):
        run.end()


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """The run's PostgreSQL: not durable, everything else as in the product."""
    facts = run.part("postgres")
    return PostgresServer(Path(), facts["port"], PASSWORD, durable=False)


@pytest.fixture(scope="session")
def kafka() -> str:
    """The bootstrap address of the run's Kafka."""
    return f"127.0.0.1:{run.part('kafka')['port']}"


@pytest.fixture(scope="session")
async def keycloak(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Keycloak]:
    """A real Keycloak for tests that are marked `keycloak`, which `make test-keycloak` runs."""
    async with running_keycloak(tmp_path_factory.mktemp("keycloak")) as keycloak:
        yield keycloak


@pytest.fixture
def namespace() -> str:
    """A prefix for topics, groups and locks that no other test has."""
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
async def databases(postgres: PostgresServer) -> AsyncIterator[Databases]:
    made = Databases(postgres)
    yield made
    await made.drop_all()


@pytest.fixture
def service_database(databases: Databases) -> ServiceDatabase:
    """Give a maker of fresh databases with a service's tables."""
    return databases.of_service


@pytest.fixture
def blank_database(databases: Databases) -> BlankDatabase:
    """Give a maker of fresh databases with the tables of the given MetaData."""
    return databases.blank


@pytest.fixture(scope="module")
async def module_database(postgres: PostgresServer) -> AsyncIterator[ServiceDatabase]:
    """As `service_database`, for all tests of a module together."""
    made = Databases(postgres)
    yield made.of_service
    await made.drop_all()


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[OwnPart]:
    """A Kafka of this test's own: `await own_kafka.start()`; `own_kafka.server.bootstrap`."""
    part = OwnPart(KafkaServer(tmp_path / "kafka", free_port(), free_port()), tmp_path / "kafka.log")
    yield part
    part.stop()


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[OwnPart]:
    """A PostgreSQL of this test's own, durable as in the product."""
    part = OwnPart(PostgresServer(tmp_path / "postgres", free_port(), PASSWORD), tmp_path / "postgres.log")
    yield part
    part.stop()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with running_chromium() as browser:
        yield browser

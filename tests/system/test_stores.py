"""Each service's store is closed to the others, and nothing of the system listens beyond this machine."""

from ipaddress import ip_address
from itertools import permutations

import asyncpg
import psutil
import pytest

from deploy.embedded.environment import SERVICES, Ports, database_name, running_environment
from deploy.embedded.home import Home
from deploy.embedded.leftovers import find_leftovers
from tests.support.system import System

pytestmark = pytest.mark.timeout(300)
FOREIGN = (*permutations(SERVICES, 2), *((service, "postgres") for service in SERVICES))

FORBIDDEN = ("CREATE DATABASE other", "CREATE ROLE other", "SET ROLE postgres", "ALTER SYSTEM SET port = 1")


def _url(system: System, service: str, database: str) -> str:
    """Return the address of a database, entered as a service."""
    own = running_environment(system.home, {})[database_name(service)]
    return f"{own.rpartition('/')[0]}/{database}"


@pytest.mark.parametrize(("service", "database"), FOREIGN)
async def test_a_service_cannot_enter_anothers_database(running: System, service: str, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await asyncpg.connect(_url(running, service, database))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_enters_its_own_and_can_make_neither_databases_nor_roles(running: System, service: str) -> None:
    connection = await asyncpg.connect(_url(running, service, service))
    try:
        assert await connection.fetchval("SELECT current_user") == service
        for forbidden in (
            "CREATE DATABASE other",
            "CREATE ROLE other",
            "SET ROLE postgres",
            "ALTER SYSTEM SET port = 1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        memberships = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = current_user::regrole"
        assert await connection.fetch(memberships) == []
    finally:
        await connection.close()


async def test_a_wrong_password_enters_nothing(running: System) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(_url(running, "booking", "booking"), password="guessed")


def test_everything_that_listens_does_so_on_loopback(running: System) -> None:
    listening = _listening(running.home)
    ports = Ports.of_running(running.home)
    assert {port for _, port in listening} >= {running.port, *ports.as_dict().values()}
    assert [(str(address), port) for address, port in listening if not _is_loopback(str(address))] == []


def _listening(home: Home) -> set[tuple[str, int]]:
    """Return the addresses on which a process of the system takes connections or packets."""
    ours = {child.pid for _, process in find_leftovers(home) for child in (process, *process.children(recursive=True))}
    return {
        (connection.laddr.ip, connection.laddr.port)
        for connection in psutil.net_connections("inet")
        if connection.pid in ours and not connection.raddr and connection.laddr
    }


def _is_loopback(address: str) -> bool:
    found = ip_address(address)
    return found.is_loopback or bool(getattr(found, "ipv4_mapped", None) and found.ipv4_mapped.is_loopback)  # type: ignore[union-attr]  # it is there

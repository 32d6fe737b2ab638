"""`kurslots up` as a person meets it: first start, second start, killed, stopped, in the way of something else."""

import asyncio
import os
import re
import socket
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from deploy.embedded.environment import SERVICES, running_environment
from deploy.embedded.postgres import PostgresServer
from tests.support.system import System

# A start takes some ten seconds on an idle machine of two cores; on a busy one, a multiple of that.
pytestmark = pytest.mark.timeout(300)
PROCESSES = {f"{service} {part}" for service in SERVICES for part in ("web", "worker")} | {
    *("kafka", "origin", "postgresql"),
}


async def _rows(system: System, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(running_environment(system.home, {})["BOOKING_DATABASE_URL"])
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


def test_a_first_start_tells_how_long_each_part_took(system: System) -> None:
    for part in ("postgresql 18", "kafka 4", "origin", "booking web", "procurement worker", "notification web"):
        assert re.search(rf"✓ {part}.*ready in \d+\.\d s", system.first_said), f"{part} in {system.first_said}"
    assert re.search(r"✓ tables +done in", system.first_said)
    assert f"Kurslots is ready at {system.url} after" in system.first_said
    assert (system.home.folder / "secrets.json").stat().st_mode & 0o077 == 0


def test_every_part_answers_behind_the_one_address(running: System) -> None:
    answer = running.health()
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert {part["state"] for part in parts.values()} == {"up"}
    assert {"postgresql", "kafka", "booking.web", "procurement.worker", "notification.web"} <= parts.keys()
    for service in SERVICES:
        assert httpx.get(f"{running.url}/{service}/health", trust_env=False).status_code == 200


def test_status_shows_parts_queues_lag_and_memory_within_their_bounds(running: System) -> None:
    status = running.status()
    assert status["state"] == "up"
    by_name = {part["name"]: part for part in status["parts"]}
    assert by_name.keys() >= PROCESSES
    assert by_name["postgresql"]["version"].startswith("18.")
    assert by_name["kafka"]["version"].startswith("4.")
    for service in SERVICES:
        assert status["queues"][service].keys() == {"outbox_rows", "dead_letters", "parked_keys", "stopped_keys"}
        for part in ("web", "worker"):
            assert by_name[f"{service} {part}"]["memory_mb"] < 150
    assert isinstance(status["lag"], dict)
    assert status["memory_mb"] < 1536


def test_a_second_start_on_the_same_folder_says_so_and_stops(running: System) -> None:
    second = running.run("up", KURSLOTS_PORT="1")
    assert second.returncode == 1
    assert "already runs on" in second.stdout
    assert running.health().status_code == 200


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = System(tmp_path / "home")
        refused = other.run("up", KURSLOTS_PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken by" in refused.stdout
    assert f"process {os.getpid()}" in refused.stdout
    assert other.left() == set()


def test_a_killed_tree_starts_again_with_everything_kept(running: System) -> None:
    asyncio.run(_rows(running, "CREATE TABLE IF NOT EXISTS kept_over_a_crash AS SELECT 1 AS x"))
    running.kill_tree()
    running.up()
    assert running.health().status_code == 200
    assert len(asyncio.run(_rows(running, "SELECT x FROM kept_over_a_crash"))) == 1
    assert "tables" not in running.said.read_text(), "a later start sets nothing up again"


def test_children_end_with_a_killed_supervisor_or_the_next_start_stops_them(running: System) -> None:
    assert running.process is not None
    children = psutil.Process(running.process.pid).children()
    running.process.kill()
    running.process.wait()
    running.process = None
    running.up()
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert running.health().status_code == 200


def test_a_killed_service_is_started_again(running: System) -> None:
    before = {part["name"]: part for part in running.status()["parts"]}["booking web"]
    psutil.Process(before["pid"]).kill()
    with httpx.Client(trust_env=False, timeout=10) as client:
        for _ in range(600):
            part = running.home.running()["parts"]["booking web"]
            if part["state"] == "up" and part["pid"] not in {None, before["pid"]}:
                break
            client.get(f"{running.url}/")
        assert client.get(f"{running.url}/booking/health").status_code == 200


def test_ctrl_c_stops_everything_within_15_seconds_and_leaves_nothing(running: System) -> None:
    assert running.left() == PROCESSES
    assert running.interrupt() < 15
    assert running.left() == set()
    assert running.status()["state"] == "down"
    assert running.run("status").returncode == 1


async def test_real_parts_take_the_place_of_ours_and_down_stops_the_rest(
    tmp_path: Path, postgres: PostgresServer, kafka: str, namespace: str
) -> None:
    given = {"KAFKA_BOOTSTRAP": kafka, "NAMESPACE": namespace}
    for service in SERVICES:
        name = f"{namespace}_{service}"
        given[f"{service.upper()}_DATABASE_URL"] = await postgres.ensure_database(name, name, "given")
    system = System(tmp_path / "home", **given)
    system.up()
    try:
        assert system.left() == PROCESSES - {"kafka", "postgresql"}
        assert {part["name"]: part["address"] for part in system.status()["parts"]}["KAFKA_BOOTSTRAP"] == kafka
        assert system.run("down").stdout == "Stopped.\n"
        assert system.left() == set()
        assert "Nothing runs" in system.run("down").stdout
    finally:
        system.down()

"""The main job, told twice on one system, then again after everything was killed at once and started anew."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.embedded.environment import PARTS, SERVICES, database_name, running_environment
from tests.support.system import System

pytestmark = pytest.mark.timeout(600)

MOST_MB_OF_A_PROCESS, MOST_MB = 165, 1536
START_SECONDS = 90
# What was accepted is kept in these; the machinery's own tables are emptied as it goes.
PASSING = {
    "outbox",
    "inbox",
    "idempotency_keys",
    "copy_versions",
    "parked_keys",
    "timer_failures",
    "sign_in_attempts",
}


@dataclass(frozen=True)
class Told:
    """What came of three tellings, with a power cut between the second and the third."""

    reports: list[dict[str, Any]]
    before_the_cut: dict[str, set[str]]
    after_the_cut: dict[str, set[str]]
    mail_before: list[int]
    mail_after: list[int]
    start_seconds: float
    status: dict[str, Any]


@pytest.fixture(scope="module")
async def told(system: System) -> Told:
    system.up()
    reports = [_tell(system), _tell(system)]
    before, mail_before = await _kept(system), _mail(system)
    system.kill_tree()
    assert system.left() == set()
    start_seconds = system.up()
    after, mail_after = await _kept(system), _mail(system)
    reports.append(_tell(system))
    sys.stdout.write(f"started again after kill -9 in {start_seconds:.1f} s\n")
    return Told(reports, before, after, mail_before, mail_after, start_seconds, system.status())


def _tell(system: System) -> dict[str, Any]:
    finished = system.run("demo", "--json", "--patience", "60", seconds=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    report: dict[str, Any] = json.loads(finished.stdout)
    return report


async def _kept(system: System) -> dict[str, set[str]]:
    """Return the primary keys of everything in every service's own tables."""
    settings = running_environment(system.home, {})
    ids: dict[str, set[str]] = {}
    for service in SERVICES:
        connection = await asyncpg.connect(settings[database_name(service)])
        try:
            keys = await connection.fetch(
                "SELECT conrelid::regclass::text AS name, array_agg(quote_ident(attname)) AS columns"
                " FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)"
                " WHERE contype = 'p' AND connamespace = 'public'::regnamespace GROUP BY 1"
            )
            for table in keys:
                if table["name"] not in PASSING:
                    query = f"SELECT row({', '.join(table['columns'])})::text FROM {table['name']}"  # noqa: S608 - quoted
                    ids[f"{service}.{table['name']}"] = {row[0] for row in await connection.fetch(query)}
        finally:
            await connection.close()
    return ids


def _mail(system: System) -> list[int]:
    sinks = ("emails", "sms")
    return [httpx.get(f"{system.url}/sent/{sink}?limit=1", trust_env=False).json()["last"] for sink in sinks]


@pytest.mark.parametrize("telling", [0, 1, 2], ids=["the first time", "again", "after a power cut"])
def test_the_story_passes(told: Told, telling: int) -> None:
    report = told.reports[telling]
    assert report["passed"]
    assert [step["title"] for step in report["steps"] if step["wrong"]] == []
    assert len(report["steps"]) == 22
    assert report["notifications"] >= 20
    assert report["events"] >= 20


def test_each_telling_sends_the_same_messages(told: Told) -> None:
    first, *others = [
        [
            (step["title"], sorted((channel, kind) for channel, kind, _ in step["notifications"]))
            for step in each["steps"]
        ]
        for each in told.reports
    ]
    assert all(other == first for other in others)


def test_everything_accepted_before_a_power_cut_is_there_after_it(told: Told) -> None:
    lost = {table: ids - told.after_the_cut[table] for table, ids in told.before_the_cut.items()}
    assert {table: ids for table, ids in lost.items() if ids} == {}
    assert sum(len(ids) for ids in told.before_the_cut.values()) > 500
    assert told.mail_after >= told.mail_before > [0, 0]


def test_a_killed_system_starts_again_within_a_bound(told: Told) -> None:
    assert told.start_seconds < START_SECONDS


def test_memory_stays_within_its_bounds(told: Told) -> None:
    memory = {part["name"]: part["memory_mb"] for part in told.status["parts"]}
    shown = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in memory.items())
    sys.stdout.write(f"memory in MB: {shown}; all {told.status['memory_mb']:.0f}\n")
    services = {f"{service} {part}" for service in SERVICES for part in PARTS}
    assert {name: memory[name] for name in services if memory[name] >= MOST_MB_OF_A_PROCESS} == {}
    assert told.status["memory_mb"] < MOST_MB


def test_nothing_waits_and_nothing_was_set_aside(told: Told, running: System) -> None:
    settled = running.run("settled")
    assert settled.returncode == 0, settled.stderr
    status = running.status()
    nothing = {"outbox_rows": 0, "dead_letters": 0, "parked_keys": 0, "stopped_keys": 0}
    assert status["queues"] == dict.fromkeys(SERVICES, nothing)
    assert {group: behind for group, behind in status["lag"].items() if behind} == {}
    assert {f"{service}.effects" for service in ("booking", "procurement", "notification")} <= status["lag"].keys()


def test_each_part_is_up_afterwards(told: Told, running: System) -> None:
    answer = running.health()
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert {name: part["state"] for name, part in parts.items() if part["state"] != "up"} == {}
    assert {"postgresql", "kafka", *(f"{service}.{part}" for service in SERVICES for part in PARTS)} <= parts.keys()

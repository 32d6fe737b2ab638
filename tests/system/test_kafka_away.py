"""Kafka away while people work: every command is accepted, and every effect arrives once it is back.

How long it stays away is said by KURSLOTS_KAFKA_AWAY_SECONDS (20 by default).
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import psutil
import pytest

from deploy.demo.client import Cast
from deploy.demo.sinks import Expected, Sinks
from deploy.embedded.environment import SERVICES
from shared.kernel.clock import OffsetFileClock, machine_now
from tests.support.messaging import until
from tests.support.system import KURSLOTS, System
from tests.system.purchase import BOOKING, CONTACT, LEAD, OFFICER, PROCUREMENT, Place, find_project

AWAY_SECONDS = float(os.environ.get("KURSLOTS_KAFKA_AWAY_SECONDS", "20"))
PATIENCE_SECONDS = 180
BOOKINGS, REQUESTS = 25, 15

pytestmark = pytest.mark.timeout(AWAY_SECONDS + 420)


def _kafka(system: System) -> psutil.Process:
    return psutil.Process(system.home.running()["parts"]["kafka"]["pid"])


@asynccontextmanager
async def _stopped(system: System) -> AsyncIterator[float]:
    """Hold Kafka still, and let it go on not before it has been away for as long as it must; gives when it stopped."""
    kafka = _kafka(system)
    kafka.suspend()
    began = time.monotonic()
    try:
        yield began
        await asyncio.sleep(began + AWAY_SECONDS - time.monotonic())
    finally:
        kafka.resume()


async def _offered_run(cast: Cast, place: Place, system: System) -> dict[str, Any]:
    """Return a run with seats for all bookings."""
    starts = (OffsetFileClock(system.home.clock).now() + timedelta(days=40)).replace(hour=8, minute=0, second=0)
    meeting = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=8)).isoformat()}
    body = {
        "capacity": BOOKINGS,
        "municipality": "2080",
        "meetings": [{**meeting, "mode": "physical", "place": "Falun, Kompetenshuset"}],
    }
    run: dict[str, Any] = await cast.do(LEAD, "POST", f"{BOOKING}/courses/{place.course_id}/runs", body)
    return run


async def _book(cast: Cast, place: Place, run: dict[str, Any]) -> list[str]:
    """Book seats one by one, and return the bookings' references."""
    path = f"{BOOKING}/projects/{place.project_id}/employers/{place.employer_id}/bookings"
    order = {"run_id": run["run_id"], "seats": 1, "participants": []}
    return [(await cast.do(CONTACT, "POST", path, order))["reference"] for _ in range(BOOKINGS)]


async def _ask(cast: Cast, place: Place) -> list[dict[str, Any]]:
    """Ask for training again and again, and return the requests."""
    path = f"{BOOKING}/projects/{place.project_id}/employers/{place.employer_id}/training-requests"
    wish = {
        "title": "Truckkort",
        "description": "Förnyat truckkort för skiftlagen.",
        "persons": 4,
        "minutes": 480,
        "mode": "physical",
        "municipality": "2080",
    }
    asked = []
    for _ in range(REQUESTS):
        drafted = await cast.do(CONTACT, "POST", path, wish)
        submit = f"{BOOKING}/training-requests/{drafted['request_id']}/submit"
        asked.append(await cast.do(CONTACT, "POST", submit))
    return asked


async def _expect_effects(
    cast: Cast, place: Place, sinks: Sinks, booked: list[str], asked: list[dict[str, Any]]
) -> None:
    """See that each booking and request is told once by e-mail, and each request waits in the officer's inbox."""
    contact = (await cast.get(CONTACT, f"{BOOKING}/me"))["person"]["email"]
    told = [Expected("email", contact, reference, "booking_confirmed") for reference in booked]
    told += [Expected("email", contact, each["reference"], "request_received") for each in asked]
    arrived, missing = await sinks.wait_for(told, machine_now())
    assert missing == []
    assert len(arrived) == len(told)

    async def waiting() -> bool:
        inbox = f"{PROCUREMENT}/buyers/{place.buyer_id}/requests"
        listed = (await cast.get(OFFICER, inbox, limit="200"))["items"]
        return {each["request_id"] for each in asked} <= {each["request_id"] for each in listed}

    await until(waiting, seconds=PATIENCE_SECONDS, what="the requests in the officer's inbox")
    assert await sinks.count("email", contact) == len(told), "each is told once, and nothing else"


def _expect_no_loss(system: System) -> None:
    settled = system.run("settled", "--seconds", "90")
    assert settled.returncode == 0, settled.stderr
    status = system.status()
    assert status["queues"] == {
        service: {"outbox_rows": 0, "dead_letters": 0, "parked_keys": 0, "stopped_keys": 0} for service in SERVICES
    }


async def test_the_story_and_other_work_go_on_while_kafka_stands_still(running: System, cast: Cast) -> None:
    place = await find_project(cast)
    sinks = Sinks(cast.http, PATIENCE_SECONDS)
    await sinks.begin()
    story = await asyncio.create_subprocess_exec(
        *(*KURSLOTS, "demo", "--json", "--patience", str(PATIENCE_SECONDS)),
        env=running.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert story.stdout is not None
        assert story.stderr is not None
        while b" 4. " not in (line := await story.stderr.readline()):
            assert line, "the story ended before Kafka could be stopped"
        async with _stopped(running):
            asked = await _ask(cast, place)  # no bookings: the story counts the seats of the project
            for service in SERVICES:
                assert (await cast.http.get(f"/{service}/health")).status_code == httpx.codes.OK
            waiting = running.status()["queues"]["booking"]["outbox_rows"]
            assert waiting >= REQUESTS, "nothing was published meanwhile"
        told, _ = await asyncio.gather(story.stdout.read(), story.stderr.read())
        assert await story.wait() == 0, told.decode()
    finally:
        if story.returncode is None:
            story.kill()
            await story.wait()
    report = json.loads(told)
    assert report["passed"], report
    assert report["slowest_seconds_to_notification"] > AWAY_SECONDS / 2, "Kafka was away while the story waited"
    await _expect_effects(cast, place, sinks, [], asked)
    _expect_no_loss(running)
    _expect_all_accepted(cast, running, f"Kafka stood still for {AWAY_SECONDS:.0f} s")


async def test_work_goes_on_while_kafka_is_killed_and_comes_back(running: System, cast: Cast) -> None:
    place = await find_project(cast)
    run = await _offered_run(cast, place, running)
    sinks = Sinks(cast.http, PATIENCE_SECONDS)
    await sinks.begin()
    killed = _kafka(running)
    killed.send_signal(signal.SIGKILL)
    booked, asked = await _book(cast, place, run), await _ask(cast, place)
    await _expect_effects(cast, place, sinks, booked, asked)
    assert _kafka(running).pid != killed.pid
    _expect_no_loss(running)
    _expect_all_accepted(cast, running, "Kafka was killed")


def _expect_all_accepted(cast: Cast, system: System, what: str) -> None:
    """See that no command failed, not even to be accepted when it was tried again, and print their times."""
    log = (system.home.logs / "booking-web.log").read_text()
    answers = [json.loads(line) for line in log.splitlines() if '"answered"' in line]
    since = cast.sent[0].at
    assert [
        each for each in answers if each["status"] >= "500" and datetime.fromisoformat(each["timestamp"]) > since
    ] == []
    seconds = sorted(each.seconds for each in cast.sent)
    statuses = {each.status for each in cast.sent}
    assert all(httpx.codes.is_success(status) for status in statuses), statuses
    median, slowest = seconds[len(seconds) // 2], seconds[-1]
    sys.stdout.write(
        f"{what}: {len(seconds)} commands, all {sorted(statuses)}, median {median * 1000:.0f} ms, "
        f"slowest {slowest * 1000:.0f} ms\n"
    )

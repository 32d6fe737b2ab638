"""An operator's day, as docs/operations.md tells it: alert, page, cause, mending, trying again, what waited follows.

Two messages stop a key in procurement. One speaks of a buyer that nobody has loaded; it is mended by loading it. The
other is no message at all; it is given up. What came after each, about the same thing, is then applied in order.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from deploy.embedded.environment import Ports, running_environment
from services.procurement.buyers.commands import buyer_id
from shared.contracts.booking import TrainingRequestSubmitted, TrainingRequestWithdrawn
from shared.db import Database, open_database
from shared.kernel.ids import new_id
from shared.messaging.messages import Record
from tests.support.browser import PAGE, hidden_fields
from tests.support.messaging import a_message, a_record, rows_of, until
from tests.support.system import System

pytestmark = pytest.mark.timeout(420)
ROOT = Path(__file__).parents[2]
NEW_BUYER = "212000-9960"
MESSAGES = "/procurement/operator/messages"
MESSAGES_OF_NOTIFICATION = "/notification/operator/messages"
_SIMPLE_RULE = re.compile(r"max by \((?P<by>[\w, ]+)\) \((?P<metric>\w+)\) > (?P<limit>\d+)")


@dataclass
class Day:
    """The operator at her browser, and what of the system must be reached beside it."""

    system: System
    page: httpx.AsyncClient
    database: Database
    producer: AIOKafkaProducer

    async def send(self, *records: Record) -> None:
        """Write records to Kafka, as a sender that is wrong would."""
        for record in records:
            await self.producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=[(name, value) for name, value in record.headers]
            )

    async def is_alerting(self, alert: str) -> bool:
        """Whether the expression of an alert is true of what the worker says of itself now."""
        port = Ports.of_running(self.system.home).of("procurement", "worker")
        answer = await self.page.get(f"http://127.0.0.1:{port}/metrics")
        return _is_true(_expression(alert), answer.text)

    async def letters(self, key: UUID) -> list[Any]:
        """Return what is set aside of a key, in order."""
        query = "SELECT id, standing, cause FROM dead_letters WHERE key = :key AND settled_at IS NULL ORDER BY id"
        return await rows_of(self.database, query, key=str(key))

    async def shown(self, address: str) -> str:
        """Return a page that must be there for the operator."""
        answer = await self.page.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def decide(self, address: str, **fields: str) -> str:
        """Fill in the form at the address and send it; return the page that it leads to."""
        form = hidden_fields(await self.shown(address))
        answer = await self.page.post(address, data={**form, **fields})
        assert answer.status_code == 303, answer.text
        return await self.shown(answer.headers["location"])


@pytest.fixture
async def day(running: System) -> AsyncIterator[Day]:
    told = running_environment(running.home, {})
    database = open_database(told["PROCUREMENT_DATABASE_URL"], pool_size=2)
    producer = AIOKafkaProducer(bootstrap_servers=told["KAFKA_BOOTSTRAP"])
    await producer.start()
    async with httpx.AsyncClient(
        base_url=running.url,
        headers={**PAGE, "accept-language": "en", "sec-fetch-site": "same-origin"},
        timeout=60,
        trust_env=False,
    ) as page:
        yield Day(running, page, database, producer)
    await producer.stop()
    await database.close()


def _expression(alert: str) -> str:
    document = YAML(typ="safe").load((ROOT / "deploy/observability/alerts.yml").read_text())
    (found,) = [rule["expr"] for group in document["groups"] for rule in group["rules"] if rule["alert"] == alert]
    return str(found)


def _is_true(expression: str, metrics: str) -> bool:
    """Evaluate a rule of the form `max by (…) (metric) > n`; fails for any other."""
    rule = _SIMPLE_RULE.fullmatch(expression)
    assert rule is not None, expression
    values = [
        sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == rule["metric"]
    ]
    assert values, f"{rule['metric']} is not told"
    return max(values) > float(rule["limit"])


async def _sign_in(page: httpx.AsyncClient, address: str) -> None:
    """Ask for a page as nobody, be led to the issuer, choose the operator there, and be led back to the page."""
    to_sign_in = await page.get(address)
    to_issuer = await page.get(to_sign_in.headers["location"])
    asked = httpx.URL(to_issuer.headers["location"])
    people = await page.get(asked)
    assert 'value="operator"' in people.text
    chosen = await page.post(asked.copy_with(query=None), data={**asked.params, "person": "operator", "remember": "1"})
    back = await page.get(chosen.headers["location"])
    assert (back.status_code, back.headers["location"]) == (303, address), back.text


@asynccontextmanager
async def _alerts_until_mended(day: Day, alert: str) -> AsyncIterator[None]:
    async def rings() -> bool:
        return await day.is_alerting(alert)

    async def is_quiet() -> bool:
        return not await day.is_alerting(alert)

    await until(rings, what=f"the alert {alert}")
    yield
    await until(is_quiet, what=f"the end of {alert}")


def _a_project_of_a_new_buyer(folder: Path) -> Path:
    """Return a project file that names the buyer: what somebody forgot to load."""
    yaml = YAML()
    document = yaml.load((ROOT / "deploy/projects/lyftkraft-dalarna.yaml").read_text())
    document["project"] |= {"code": "operators-day", "name": "Driftdagen", "owner_number": NEW_BUYER}
    document["buyers"][0] |= {"name": "Driftdagens kommun", "organisation_number": NEW_BUYER, "series": "DD"}
    document = {name: document[name] for name in ("programme", "project", "buyers", "demonstration")}
    path = folder / "operators-day.yaml"
    with path.open("w") as file:
        yaml.dump(document, file)
    return path


async def test_a_day_of_an_operator(day: Day, tmp_path: Path) -> None:
    await _sign_in(day.page, MESSAGES)
    assert "No message is set aside." in await day.shown(MESSAGES)

    async def is_known_there() -> bool:  # what notification knows of people is a copy, which may be a moment behind
        answer = await day.page.get(MESSAGES_OF_NOTIFICATION, follow_redirects=True)
        return answer.status_code == 200 and "What waits for you" in answer.text

    async def is_quiet() -> bool:  # other tests had messages set aside, and a gauge is as old as its last look
        return not await day.is_alerting("KurslotsDeadLetters")

    await until(is_known_there, what="the operator known to notification, too, without signing in again")
    await until(is_quiet, what="the gauge without the messages of other tests")
    await _mended_by_what_was_missing(day, tmp_path)
    await _given_up(day)
    settled = day.system.run("settled", "--seconds", "90")
    assert settled.returncode == 0, settled.stderr


async def _mended_by_what_was_missing(day: Day, folder: Path) -> None:
    """A request names a buyer that nobody has loaded; its withdrawal waits behind it."""
    request, buyer = new_id(), buyer_id(NEW_BUYER)
    about = {"request_id": request, "buyer_id": buyer, "recipients": ()}
    await day.send(
        a_record(a_message(TrainingRequestSubmitted, **about), version=1),
        a_record(a_message(TrainingRequestWithdrawn, **about), version=2),
    )

    async def both_wait() -> bool:
        return [row.standing for row in await day.letters(request)] == ["waiting", "follower"]

    await until(both_wait, what="the request and its withdrawal among what waits")
    assert not await day.is_alerting("KurslotsDeadLetters"), "what waits for a reference is no dead letter yet"
    await _let_a_quarter_of_an_hour_pass(day.database, request)
    async with _alerts_until_mended(day, "KurslotsDeadLetters"):
        (letter, _) = await day.letters(request)
        listed = await day.shown(MESSAGES)
        assert f"{MESSAGES}/{letter.id}" in listed
        assert f"buyer {buyer} is not yet known" in listed
        message = await day.shown(f"{MESSAGES}/{letter.id}")
        assert "not described here in time" in message
        assert "One later message about the same thing waits behind it." in message

        loaded = day.system.run("load", str(_a_project_of_a_new_buyer(folder)))
        assert loaded.returncode == 0, loaded.stderr
        told = await day.decide(f"{MESSAGES}/{letter.id}/replay", reason="The buyer was loaded")
        assert "The buyer was loaded" in told
    assert await _states(day.database, request) == ["waiting", "withdrawn"], "the request first, then its withdrawal"
    assert await day.letters(request) == []
    assert "Took effect" in await day.shown("/procurement/operator/decisions")


async def _given_up(day: Day) -> None:
    """Something that is no message comes on a request's key; the request itself waits behind it."""
    request = new_id()
    about = {"request_id": request, "buyer_id": buyer_id(NEW_BUYER), "recipients": ()}
    good = a_record(a_message(TrainingRequestSubmitted, **about), version=1)
    noise = a_record(a_message(TrainingRequestSubmitted, **about), version=1)
    await day.send(replace(noise, value=b"\x00 no json"), good)

    async def both_wait() -> bool:
        return [row.standing for row in await day.letters(request)] == ["failed", "follower"]

    await until(both_wait, what="the noise and the request among what waits")
    async with _alerts_until_mended(day, "KurslotsDeadLetters"):
        (letter, _) = await day.letters(request)
        assert "It is not what its contract says" in await day.shown(f"{MESSAGES}/{letter.id}")
        why = "Noise from a sender under test"
        refused = await day.page.post(f"{MESSAGES}/{letter.id}/discard", data={"reason": why})
        assert refused.status_code == 403, "no token, no decision"
        assert why in await day.decide(f"{MESSAGES}/{letter.id}/discard", reason=why)
    assert await _states(day.database, request) == ["waiting"], "the request itself has come"
    await _given_up_where_else_it_came(day, why)
    decided = day.system.run("dead-letters", "procurement", "--decisions", "--json")
    assert why in decided.stdout, decided.stderr


async def _given_up_where_else_it_came(day: Day, why: str) -> None:
    """Notification reads the topic too: the same noise waits there, for the same decision."""

    async def waiting() -> set[str]:
        return set(re.findall(rf"{MESSAGES_OF_NOTIFICATION}/(\d+)", await day.shown(MESSAGES_OF_NOTIFICATION)))

    await until(waiting, what="the noise among what waits in notification")
    [letter] = await waiting()
    assert why in await day.decide(f"{MESSAGES_OF_NOTIFICATION}/{letter}/discard", reason=why)
    assert "No message is set aside." in await day.shown(MESSAGES_OF_NOTIFICATION)


async def _let_a_quarter_of_an_hour_pass(database: Database, key: UUID) -> None:
    """Make what waits older, for machine time is never stepped: nobody tests for a quarter of an hour."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"UPDATE dead_letters SET parked_at = parked_at - interval '16 minutes' WHERE key = '{key}'"  # noqa: S608 - words and ids of our own
        )


async def _states(database: Database, request: UUID) -> list[str]:
    """Return the states that a request has gone through, in order."""
    query = "SELECT after FROM history WHERE kind = 'request' AND subject_id = :id ORDER BY id"
    return [row.after for row in await rows_of(database, query, id=request)]

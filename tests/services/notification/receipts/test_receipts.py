"""Receipts move a notification forward, once, and only from the states that allow it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from tests.services.notification.office import Office, a_booking, a_person, to_person
from tests.support.messaging import until
from tests.support.web import anonymous_client, problem_of

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Provider:
    """A provider whose receipts the test gives itself."""

    name = ChannelName.SMS
    honours_key = False

    def __init__(self, outcome: Outcome, app: FastAPI, early: str | None = None) -> None:
        self._outcome = outcome
        self._app = app
        self._early = early
        self.addresses: list[str] = []

    async def send(self, sending: Sending) -> Outcome:
        assert sending.receipt_url is not None
        self.addresses.append("/notification/" + sending.receipt_url.partition("/notification/")[2])
        if self._early:
            assert (await self.tell(self._early)).status_code == 204
        return self._outcome

    async def tell(self, status: str, *, attempt: int = -1) -> httpx.Response:
        async with anonymous_client(self._app) as client:
            return await client.post(self.addresses[attempt], data={"id": "s1", "status": status, "delivered": "now"})


ACCEPTED = Outcome(Result.ACCEPTED, provider_id="s1", parts=1, cost=5200)


async def sent(office: Office, provider: Provider) -> None:
    person = a_person(email=None)
    await office.know(person)
    await office.hear(a_booking(office, to_person(person.person_id, "participant")))
    await office.with_channel(provider).send_due()


async def sms_row(office: Office) -> Any:  # noqa: ANN401 - a row
    [row] = await office.rows("SELECT * FROM notifications WHERE channel = 'sms'")
    return row


async def facts(office: Office) -> list[str]:
    query = "SELECT type FROM outbox WHERE key = (SELECT id FROM notifications WHERE channel = 'sms') ORDER BY id"
    return [row.type for row in await office.rows(query)]


async def test_a_receipt_says_that_it_arrived(office: Office, app: FastAPI) -> None:
    provider = Provider(ACCEPTED, app)
    await sent(office, provider)
    answer = await provider.tell("delivered")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await sms_row(office)).state == "delivered"
    assert await facts(office) == ["notification.delivered.v1"]


async def test_a_receipt_that_says_failed_is_a_permanent_failure(office: Office, app: FastAPI) -> None:
    provider = Provider(ACCEPTED, app)
    await sent(office, provider)
    await provider.tell("failed")
    row = await sms_row(office)
    assert (row.state, row.state_cause) == ("failed_permanent", "receipt_failed")
    assert await facts(office) == ["notification.failed.v1"]


@pytest.mark.parametrize(
    ("first", "second"), [("delivered", "delivered"), ("delivered", "failed"), ("failed", "delivered")]
)
async def test_a_repeated_or_late_receipt_changes_nothing(
    office: Office, app: FastAPI, first: str, second: str
) -> None:
    provider = Provider(ACCEPTED, app)
    await sent(office, provider)
    await provider.tell(first)
    before = await sms_row(office)
    assert (await provider.tell(second)).status_code == 204
    assert await sms_row(office) == before
    assert len(await facts(office)) == 1
    receipts = await office.rows("SELECT status, applied FROM receipts ORDER BY id")
    expected = [(first, True)] if first == second else [(first, True), (second, False)]
    assert [tuple(row) for row in receipts] == expected


async def test_receipts_that_come_at_once_move_it_once(office: Office, app: FastAPI) -> None:
    provider = Provider(ACCEPTED, app)
    await sent(office, provider)
    answers = await asyncio.gather(*(provider.tell("delivered") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {204}
    assert len(await facts(office)) == 1


async def test_a_receipt_before_the_answer_of_the_call_stands(office: Office, app: FastAPI) -> None:
    await sent(office, Provider(ACCEPTED, app, early="delivered"))
    assert (await sms_row(office)).state == "delivered"
    [attempt] = await office.rows(
        "SELECT * FROM attempts a JOIN notifications n ON n.id = notification_id WHERE channel = 'sms'"
    )
    assert (attempt.result, attempt.cost) == ("accepted", 5200)


async def test_a_receipt_tells_what_the_lost_answer_did_not(office: Office, app: FastAPI) -> None:
    provider = Provider(Outcome(Result.UNKNOWN, "http_readtimeout"), app)
    await sent(office, provider)
    assert (await sms_row(office)).state == "unknown"
    await provider.tell("delivered")
    row = await sms_row(office)
    assert (row.state, row.next_check_at) == ("delivered", None)


async def test_a_receipt_after_three_days_still_says_that_it_arrived(office: Office, app: FastAPI) -> None:
    provider = Provider(ACCEPTED, app)
    await sent(office, provider)
    office.clock.advance(timedelta(days=3))
    await office.tick()
    assert (await sms_row(office)).state == "failed_temporary"
    await provider.tell("delivered")
    assert (await sms_row(office)).state == "delivered"
    assert await facts(office) == ["notification.failed.v1", "notification.delivered.v1"]


async def test_the_failure_of_an_earlier_attempt_says_nothing_of_a_later_one(office: Office, app: FastAPI) -> None:
    provider = Provider(Outcome(Result.UNKNOWN, "http_readtimeout"), app)
    await sent(office, provider)
    office.clock.advance(timedelta(minutes=5))
    provider._outcome = ACCEPTED
    await office.with_channel(provider).send_due()
    assert (await sms_row(office)).state == "sent"
    await provider.tell("failed", attempt=0)
    assert (await sms_row(office)).state == "sent"
    await provider.tell("delivered", attempt=0)
    assert (await sms_row(office)).state == "delivered"


async def test_a_status_that_we_do_not_know_is_kept_and_changes_nothing(office: Office, app: FastAPI) -> None:
    provider = Provider(ACCEPTED, app)
    await sent(office, provider)
    assert (await provider.tell("expired")).status_code == 204
    assert (await sms_row(office)).state == "sent"
    assert [row.status for row in await office.rows("SELECT status FROM receipts")] == ["expired"]


async def test_two_failed_receipts_in_a_day_suppress_the_number(office: Office, app: FastAPI) -> None:
    person = a_person(email=None)
    await office.know(person)
    for _ in range(2):
        provider = Provider(ACCEPTED, app)
        await office.hear(a_booking(office, to_person(person.person_id, "participant")))
        await office.with_channel(provider).send_due()
        await provider.tell("failed")
    [suppression] = await office.rows("SELECT * FROM suppressions WHERE lifted_at IS NULL")
    assert (suppression.address, suppression.cause) == ("+46701740610", "soft_bounces")


async def test_a_token_that_we_did_not_give_is_not_found(app: FastAPI) -> None:
    async with anonymous_client(app) as client:
        answer = await client.post(
            "/notification/api/v1/receipts/sms/" + "x" * 43, data={"id": "s1", "status": "delivered"}
        )
        problem_of(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "invalid_input"),
        (b"id=s1", 422, "invalid_input"),
        (b"id=s1&status=DROP%20TABLE", 422, "invalid_input"),
        (b"id=s1%00&status=delivered", 422, "invalid_input"),
        (b"id=%ff&status=delivered", 422, "invalid_input"),
        (b"&".join([b"a=1"] * 100), 422, "invalid_input"),
    ],
)
async def test_a_receipt_that_cannot_be_read_is_refused(app: FastAPI, content: bytes, status: int, code: str) -> None:
    async with anonymous_client(app) as client:
        answer = await client.post("/notification/api/v1/receipts/sms/" + "x" * 43, content=content, headers=FORM)
        problem_of(answer, status, code)


async def test_only_receipts_and_unsubscribing_take_forms(app: FastAPI) -> None:
    async with anonymous_client(app) as client:
        answer = await client.post("/notification/api/v1/suppressions", content=b"a=b", headers=FORM)
        problem_of(answer, 415, "not_json")


async def test_one_click_switches_a_kind_off(office: Office, app: FastAPI) -> None:
    person = a_person(phone=None)
    await office.know(person)
    await office.hear(a_booking(office, to_person(person.person_id)))
    await office.send()
    [email] = await office.emails()
    address = "/notification/" + email["headers"]["List-Unsubscribe"].strip("<>").partition("/notification/")[2]
    async with anonymous_client(app) as client:
        for _ in range(2):
            answer = await client.post(address, data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 204, answer.text
        problem_of(await client.post(address, data={"List-Unsubscribe": "Maybe"}), 422, "invalid_input")
        forged = address[:-4] + "AAAA"
        problem_of(await client.post(forged, data={"List-Unsubscribe": "One-Click"}), 404, "not_found")
    await office.hear(a_booking(office, to_person(person.person_id)))
    await office.send()
    assert len(await office.emails()) == 1
    assert [row.state_cause for row in await office.rows() if row.state == "cancelled"] == ["declined"]


async def test_the_gateway_gives_its_receipt_over_the_network(office: Office) -> None:
    person = a_person(email=None)
    await office.know(person)
    await office.behave(sms={"+46701740610": "failed"})
    await office.hear(a_booking(office, to_person(person.person_id, "participant")))
    await office.send()

    async def failed() -> bool:
        return bool((await sms_row(office)).state == "failed_permanent")

    await until(failed, what="the receipt")

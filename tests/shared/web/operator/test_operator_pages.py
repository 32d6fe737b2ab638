"""The operator's pages: what waits is told with its cause and nothing of its content, and every decision is kept."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Database, open_database
from shared.kernel.ids import new_id
from shared.messaging import tables as messaging_tables
from shared.web.app import create_service_app
from shared.web.operator import pages as operator
from tests.shared.web import sample
from tests.support.browser import CodeIssuer, browser, hidden_fields, sign_in
from tests.support.databases import BlankDatabase
from tests.support.messaging import rows_of
from tests.support.web import running, settings_for

MESSAGES, DECISIONS = "/sample/operator/messages", "/sample/operator/decisions"
HER = "Quin"  # base64 as well, for a header


async def _names(_session: AsyncSession, people: Collection[UUID]) -> Mapping[UUID, str]:
    return dict.fromkeys(people, "Olof Operatör")


@pytest.fixture
async def database(blank_database: BlankDatabase) -> AsyncIterator[Database]:
    database = open_database(await blank_database(*sample.METADATA, messaging_tables.metadata))
    yield database
    await database.close()


@pytest.fixture
def issuer() -> CodeIssuer:
    return CodeIssuer()


@pytest.fixture
async def app(database: Database, issuer: CodeIssuer) -> AsyncIterator[FastAPI]:
    made = create_service_app(
        service="sample",
        settings=settings_for(sample.SampleSettings, "postgresql://unused", issuer, origin="http://127.0.0.1"),
        routers=[sample.router],
        permits=sample.PERMITS,
        scopes={**sample.SCOPES, **operator.SCOPES},
        find_actor=sample.find_actor,
        find_names=_names,
        issuer_transport=issuer.transport,
        database=database,
        pages=[operator.router],
        page_permits=operator.PERMITS,
    )
    async with running(made) as app:
        yield app


@pytest.fixture
async def page(app: FastAPI, issuer: CodeIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """The operator's browser, signed in."""
    async with browser(app) as page:
        await sign_in(page, issuer, "operator")
        yield page


async def _set_aside(
    database: Database, key: UUID, offset: int, standing: str = "failed", cause: str = "ValueError in react"
) -> int:
    statement = f"""
        INSERT INTO dead_letters (consumer, topic, partition, "offset", key, message_id, type, standing, cause,
                                  stack, tries, value, headers)
        VALUES ('effects', 'booking.bookings', 0, {offset}, '{key}', '{new_id()}', 'booking.changed.v1', '{standing}',
                '{cause}', 'in react, line 7', 3, '{HER}', '[["ce_note", "{HER}"]]')
        RETURNING id
    """  # noqa: S608 - words and ids of our own
    async with database.engine.begin() as connection:
        mark = "INSERT INTO parked_keys (consumer, topic, key) VALUES ('effects', 'booking.bookings', '{}')"
        await connection.exec_driver_sql(f"{mark.format(key)} ON CONFLICT DO NOTHING")
        return int((await connection.exec_driver_sql(statement)).scalar_one())


async def _stop(database: Database, key: UUID) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO stopped_keys (topic, key, outbox_id, cause) "  # noqa: S608 - words and ids of our own
            f"VALUES ('booking.runs', '{key}', 1, 'MessageSizeTooLargeError')"
        )


async def test_what_waits_is_told_with_its_cause_and_without_its_content(
    page: httpx.AsyncClient, database: Database
) -> None:
    key = new_id()
    first = await _set_aside(database, key, 1)
    await _set_aside(database, key, 2, "follower", "its key is parked")
    listed = (await page.get(MESSAGES)).text
    assert f"/sample/operator/messages/{first}" in listed
    for told in ("ValueError in react", "booking.changed.v1", "booking.bookings", "0 min", "Failed"):
        assert told in listed
    assert len(re.findall(r"/messages/\d+", listed)) == 1, "a follower is told of with the one that it waits for"
    shown = (await page.get(f"{MESSAGES}/{first}")).text
    for told in (str(key), "One later message about the same thing waits behind it.", "mended version first"):
        assert told in shown
    assert "in react, line 7" in re.search(r"<details>.*</details>", shown, re.DOTALL).group()  # type: ignore[union-attr]  # it is there
    assert "<details open" not in shown
    assert HER not in listed + shown


@pytest.mark.parametrize(
    ("cause", "standing", "told"),
    [
        ("person 00000000-0000-0000-0000-000000000005 is not yet known", "waiting", "nothing needs to be done"),
        ("person 00000000-0000-0000-0000-000000000005 is not yet known", "failed", "not described here in time"),
    ],
)
async def test_what_a_cause_means_is_said(
    page: httpx.AsyncClient, database: Database, cause: str, standing: str, told: str
) -> None:
    letter = await _set_aside(database, new_id(), 1, standing, cause)
    assert told in (await page.get(f"{MESSAGES}/{letter}")).text


async def test_giving_up_says_what_it_does_asks_why_and_is_kept(page: httpx.AsyncClient, database: Database) -> None:
    key = new_id()
    first = await _set_aside(database, key, 1)
    await _set_aside(database, key, 2, "follower", "its key is parked")
    address = f"{MESSAGES}/{first}/discard"
    asked = await page.get(address)
    for told in (
        "never takes effect",
        "cannot be taken back",
        "taken up at once, in order",
        "tell them",
        "Name nobody",
    ):
        assert told in asked.text
    assert await rows_of(database, "SELECT id FROM message_decisions") == [], "looking decides nothing"
    fields = hidden_fields(asked.text)
    wrong = await page.post(address, data={**fields, "reason": " "})
    assert (wrong.status_code, await rows_of(database, "SELECT id FROM message_decisions")) == (422, [])
    assert 'aria-invalid="true"' in wrong.text
    answer = await page.post(address, data={**fields, "reason": "Sent twice by the old version"})
    assert (answer.status_code, answer.headers["location"]) == (303, DECISIONS)
    (decision,) = await rows_of(database, "SELECT action, actor_id, reason, letter_id FROM message_decisions")
    assert tuple(decision) == (
        "discard",
        sample.ACTORS["operator"].person_id,
        "Sent twice by the old version",
        first,
    )
    (letter,) = await rows_of(database, f"SELECT outcome, value FROM dead_letters WHERE id = {first}")  # noqa: S608 - words and ids of our own
    assert tuple(letter) == ("discarded", None)
    history = (await page.get(DECISIONS)).text
    for told in ("Give up", "You", "Sent twice by the old version", "ValueError in react", "Given up"):
        assert told in history
    assert (await page.post(address, data={**fields, "reason": "Sent twice by the old version"})).status_code == 303
    assert len(await rows_of(database, "SELECT id FROM message_decisions")) == 1, "sent twice, done once"
    assert (await page.get(address)).status_code == 404


async def test_trying_again_is_asked_of_the_worker(page: httpx.AsyncClient, database: Database) -> None:
    letter = await _set_aside(database, new_id(), 1)
    address = f"{MESSAGES}/{letter}/replay"
    asked = await page.get(address)
    assert "If it fails again, everything waits as before" in asked.text
    assert (await page.post(address, data=hidden_fields(asked.text))).status_code == 303
    due = await rows_of(database, "SELECT id FROM dead_letters WHERE retry_at <= clock_timestamp()")
    assert [row.id for row in due] == [letter]
    assert "Is being tried" in (await page.get(DECISIONS)).text


async def test_a_follower_is_settled_only_after_the_first(page: httpx.AsyncClient, database: Database) -> None:
    key = new_id()
    first = await _set_aside(database, key, 1)
    follower = await _set_aside(database, key, 2, "follower", "its key is parked")
    fields = hidden_fields((await page.get(f"{MESSAGES}/{first}/replay")).text)
    answer = await page.post(f"{MESSAGES}/{follower}/replay", data=fields)
    assert answer.status_code == 404
    assert await rows_of(database, "SELECT id FROM message_decisions") == []


async def test_a_stopped_key_is_released_with_a_reason(page: httpx.AsyncClient, database: Database) -> None:
    key = new_id()
    await _stop(database, key)
    listed = (await page.get(MESSAGES)).text
    address = f"/sample/operator/stopped-keys/booking.runs/{key}/release"
    assert "MessageSizeTooLargeError" in listed
    assert f'href="{address}"' in listed
    fields = hidden_fields((await page.get(address)).text)
    assert (await page.post(address, data=fields)).status_code == 422
    assert (await page.post(address, data={**fields, "reason": "The limit was raised"})).status_code == 303
    assert await rows_of(database, "SELECT key FROM stopped_keys") == []
    history = (await page.get(DECISIONS)).text
    assert "The limit was raised" in history
    assert "Released" in history
    assert (await page.get(address)).status_code == 404


async def test_a_halted_consumer_is_told_while_its_worker_says_so(page: httpx.AsyncClient, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO halted_consumers (worker, consumer, cause) VALUES ('a:1', 'sample.effects', '20 died'),"
            " ('b:1', 'sample.effects', '20 died')"
        )
    shown = (await page.get(MESSAGES)).text
    assert shown.count("A consumer has stopped") == 1
    assert "sample.effects takes nothing up: 20 died" in shown
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE halted_consumers SET noted_at = clock_timestamp() - interval '1 min'")
    assert "A consumer has stopped" not in (await page.get(MESSAGES)).text


async def test_long_lists_are_paged_and_no_row_is_lost(page: httpx.AsyncClient, database: Database) -> None:
    made = [await _set_aside(database, new_id(), number) for number in range(5)]
    seen: list[int] = []
    address = f"{MESSAGES}?limit=2"
    while address:
        shown = (await page.get(address)).text
        seen += [int(found) for found in re.findall(r'/operator/messages/(\d+)"', shown)]
        following = re.search(r'href="([^"]*)" rel="next"', shown)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert seen == made
    assert (await page.get(f"{MESSAGES}?after=nonsense")).status_code == 422


async def test_who_decided_is_named_and_nobody_else(page: httpx.AsyncClient, app: FastAPI, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO message_decisions (action, actor_id, actor_name, letter_id, reason, topic, key, cause) VALUES"  # noqa: S608 - words and ids of our own
            f" ('discard', '{new_id()}', NULL, 1, 'sent twice', 't', 'k', 'c'),"
            " ('replay', NULL, 'anna', 2, '', 't', 'k', 'c')"
        )
    shown = (await page.get(DECISIONS)).text
    assert "Olof Operatör" in shown
    assert "anna, at a command line" in shown
    assert "No longer kept" in shown


async def test_an_empty_house_says_so_in_both_languages(page: httpx.AsyncClient) -> None:
    shown = (await page.get(MESSAGES)).text
    for told in ("No message is set aside.", "Kafka refuses nothing."):
        assert told in shown
    swedish = (await page.get(MESSAGES, headers={"accept-language": "sv"})).text
    assert "Inget meddelande är lagt åt sidan." in swedish
    assert 'lang="sv"' in swedish


@pytest.mark.parametrize("address", [MESSAGES, DECISIONS, f"{MESSAGES}/1", f"{MESSAGES}/1/discard"])
async def test_the_pages_are_the_operators_alone(
    app: FastAPI, issuer: CodeIssuer, page: httpx.AsyncClient, address: str
) -> None:
    async with browser(app) as other:
        assert (await other.get(address)).status_code == 303, "nobody is led to sign in"
        await sign_in(other, issuer, "lead")
        assert (await other.get(address)).status_code == 403
    assert (await page.get(address)).status_code in (200, 404)


async def test_a_decision_from_another_site_is_refused(page: httpx.AsyncClient, database: Database) -> None:
    letter = await _set_aside(database, new_id(), 1)
    address = f"{MESSAGES}/{letter}/discard"
    fields = {**hidden_fields((await page.get(address)).text), "reason": "Sent twice"}
    foreign = await page.post(address, data=fields, headers={"sec-fetch-site": "cross-site"})
    without = await page.post(address, data={"reason": "Sent twice"})
    assert (foreign.status_code, without.status_code) == (403, 403)
    assert await rows_of(database, "SELECT id FROM message_decisions") == []


async def test_how_the_service_stands_is_told_at_a_glance(
    page: httpx.AsyncClient, app: FastAPI, database: Database
) -> None:
    assert "Nothing waits for you here" in (await page.get("/sample/operator")).text
    app.state.relay_shards = 2
    key = new_id()
    await _set_aside(database, key, 1)
    await _set_aside(database, key, 2, "follower", "its key is parked")
    await _stop(database, key)
    async with database.engine.begin() as connection:
        for statement in (
            f"""INSERT INTO outbox (event_id, topic, key, slot, type, version, at, payload)
                SELECT gen_random_uuid(), 'booking.runs', '{key}', slot, 'run.changed.v1', 1, now(), 'x'
                  FROM unnest(ARRAY[0, 2, 3]) AS slot""",  # noqa: S608 - words and ids of our own
            f"""INSERT INTO timer_failures (timer, row_id, failures, cause, next_try_at)
                VALUES ('reminders', '{key}', 4, 'KeyError in remind', now())""",  # noqa: S608 - words and ids of our own
            "INSERT INTO halted_consumers (worker, consumer, cause) VALUES ('machine/1', 'effects', '60 of 100 died')",
        ):
            await connection.exec_driver_sql(statement)
    shown = " ".join(re.sub(r"<[^>]+>", " ", (await page.get("/sample/operator")).text).split())
    assert "Nothing waits for you here" not in shown
    for told in ("effects takes nothing up: 60 of 100 died", "reminders 1 4 KeyError in remind"):
        assert told in shown
    assert re.search(r"The oldest 1 2 0 min .* 2 1 0 min", shown)
    assert re.search(r"Failed, and wait for you 1 .* wait behind it 1 .* Keys that Kafka refuses 1 ", shown)

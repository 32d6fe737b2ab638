"""Bidding over HTTP: receipts, repeated requests, late bids, and a buyer whose policy is not to seal."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.procurement.buyers.rules import Policy, Source
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.tables import Supplier
from tests.services.procurement.office import API, Office, opened_office
from tests.support.databases import ServiceDatabase
from tests.support.web import problem_of

BID: dict[str, Any] = {"price_ore": 10_000_000, "description": "We train", "valid_until": "2027-06-30"}


@pytest.fixture
async def bidding(service_database: ServiceDatabase) -> AsyncIterator[tuple[Office, Procedure, str]]:
    async with opened_office(await service_database("procurement")) as office:
        yield office, *(await invited(office))


async def invited(office: Office) -> tuple[Procedure, str]:
    supplier: Supplier = await office.scene.supplier(sub="supplier.0")
    procedure = await office.scene.invited([supplier])
    await office.scene.session.commit()
    return procedure, f"/suppliers/{supplier.id}/procedures/{procedure.id}/bid"


async def boxes(office: Office) -> list[bool]:
    async with office.database.engine.connect() as connection:
        return list((await connection.execute(text("SELECT late FROM sealed_bids ORDER BY late"))).scalars())


async def test_the_same_request_gets_the_same_receipt(bidding: tuple[Office, Procedure, str]) -> None:
    office, _, path = bidding
    client = await office.client("supplier.0")
    answers = [await client.put(f"{API}{path}", json=BID, headers={"idempotency-key": "one"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    receipt = answers[0].json()["receipt"].encode()
    async with office.database.engine.connect() as connection:
        stored = (await connection.execute(text("SELECT answer FROM idempotency_keys"))).scalar_one()
    assert receipt not in bytes(stored)


async def test_a_late_bid_is_refused_recorded_and_seen_by_its_supplier_alone(
    bidding: tuple[Office, Procedure, str],
) -> None:
    office, procedure, path = bidding
    office.scene.clock.advance(timedelta(days=2))
    client = await office.client("supplier.0")
    for _ in range(2):
        response = await client.put(f"{API}{path}", json=BID, headers={"idempotency-key": "late"})
        problem_of(response, 409, "bid_late")
    assert await boxes(office) == [True]
    own = await office.ask("supplier.0", "GET", path)
    assert own["bid"] is None
    assert own["late"]["standing"] == "late"
    for sub in ("officer", "opener"):
        await office.ask(sub, "POST", f"/procedures/{procedure.id}/opening")
    opened = await office.ask("officer", "GET", f"/procedures/{procedure.id}/bids")
    assert (opened["late"], opened["bids"]) == (1, [])
    problem_of(
        await office.raw("delegate", "POST", f"/procedures/{procedure.id}/award", {"reasons": "x y z"}), 409, "no_bid"
    )


async def test_a_bid_is_withdrawn_before_the_deadline_and_binds_after(bidding: tuple[Office, Procedure, str]) -> None:
    office, _, path = bidding
    await office.ask("supplier.0", "PUT", path, BID)
    await office.ask("supplier.0", "DELETE", path, expect=204)
    assert await boxes(office) == []
    await office.ask("supplier.0", "PUT", path, BID)
    office.scene.clock.advance(timedelta(days=2))
    problem_of(await office.raw("supplier.0", "DELETE", path), 409, "bid_binding")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"valid_until": "2026-11-23"}, "validity_too_short", "valid_until"),
        (
            {"answers": [{"criterion_id": "01a20202-7d0a-7281-a121-0d352817f358", "text": "x"}]},
            "answers_off",
            "answers",
        ),
        ({"price_ore": -1}, "invalid_input", "price_ore"),
        ({"price": 1}, "invalid_input", "price"),
    ],
)
async def test_a_bid_that_cannot_be_right_is_refused_and_not_kept(
    bidding: tuple[Office, Procedure, str], change: dict[str, Any], code: str, field: str
) -> None:
    office, _, path = bidding
    problem_of(await office.raw("supplier.0", "PUT", path, {**BID, **change}), 422, code, field=field)
    assert await boxes(office) == []


async def test_a_buyer_that_does_not_seal_reads_bids_as_they_come(service_database: ServiceDatabase) -> None:
    policy = Policy(sealed=False, sealed_source=Source.POLICY, openers=1)
    async with opened_office(await service_database("procurement"), policy=policy) as office:
        supplier = await office.scene.supplier(sub="supplier.0")
        procedure = await office.scene.invited([supplier], opener_ids=(office.scene.officer,))
        await office.scene.session.commit()
        await office.ask("supplier.0", "PUT", f"/suppliers/{supplier.id}/procedures/{procedure.id}/bid", BID)
        path = f"/procedures/{procedure.id}"
        (read,) = (await office.ask("officer", "GET", f"{path}/bids"))["bids"]
        assert (read["price_ore"], read["rank"]) == (10_000_000, None)
        office.scene.clock.advance(timedelta(days=2))
        assert (await office.ask("officer", "POST", f"{path}/opening"))["phase"] == "evaluation"

"""The main job over HTTP: from a request in the inbox to a contract line that is ordered."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.procurement.reactions import REACTIONS
from shared.contracts.procurement import (
    AwardDecided,
    ContractLineOrdered,
    ContractSigned,
    SupplierInvited,
    TrainingRequestTaken,
)
from tests.services.procurement.office import API, Office, opened_office
from tests.services.procurement.scene import NUMBERS
from tests.support.databases import ServiceDatabase
from tests.support.messaging import deliver
from tests.support.web import problem_of


@pytest.fixture
async def office(service_database: ServiceDatabase) -> AsyncIterator[Office]:
    async with opened_office(await service_database("procurement")) as opened:
        yield opened


async def invited(office: Office, request_id: UUID) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Bring the request to a procedure with three invited suppliers; return case, procedure and supplier ids."""
    buyer = office.scene.buyer.id
    inbox = await office.ask("officer", "GET", f"/buyers/{buyer}/requests")
    assert [each["request_id"] for each in inbox["items"]] == [str(request_id)]
    body = {"title": "Svetsutbildning", "request_ids": [str(request_id)]}
    case = await office.ask("officer", "POST", f"/buyers/{buyer}/cases", body, expect=201)
    assert case["registration_number"] == "DK 2026/00001"
    await office.declared(case["case_id"])
    lot = await office.ask("officer", "POST", f"/cases/{case['case_id']}/lots", LOT, expect=201)
    advice = await office.ask("officer", "GET", f"/lots/{lot['lot_id']}/advice")
    assert advice["advice"]["general"]["direct_purchase"] == "yes"
    assert advice["advice"]["annex2"]["needs_figure"]
    choice = {"annex2": False, "route": "direct_purchase", "reason": "Below the general limit"}
    await office.ask("officer", "POST", f"/lots/{lot['lot_id']}/advice", choice, expect=201)
    officers = (await office.ask("officer", "GET", f"/buyers/{buyer}/officers"))["items"]
    openers = [each["person_id"] for each in officers if "procurement_officer" in each["roles"]]
    plan = {
        "title": "Svetsutbildning 2027",
        "description": "Two days",
        "deadline": (office.scene.clock.now() + timedelta(hours=4)).isoformat(),
        "criteria": [
            {"name": "Price", "description": "Lowest best", "kind": "price", "weight": 40},
            {"name": "Teaching", "description": "How", "kind": "quality", "weight": 60},
        ],
        "opener_ids": openers,
    }
    procedure = await office.ask("officer", "POST", f"/lots/{lot['lot_id']}/procedures", plan, expect=201)
    suppliers = []
    for place, number in enumerate(NUMBERS):
        given = {"name": f"Supplier {place}", "organisation_number": number, "email": "bid@example.test"}
        made = await office.ask(f"supplier.{place}", "POST", "/suppliers", given, expect=201)
        suppliers.append(made["supplier_id"])
    await office.ask(
        "officer",
        "POST",
        f"/procedures/{procedure['procedure_id']}/invitations",
        {"supplier_ids": suppliers},
        expect=201,
    )
    return case, procedure, suppliers


LOT = {
    "title": "Svetsning",
    "cpv": "80511000-9",
    "value_ore": 40_000_000,
    "value_basis": "All employers of the project, with options",
    "outside_statement": "Nothing is bought outside the project",
}


async def opened_and_scored(office: Office, procedure: dict[str, Any], suppliers: list[str]) -> list[dict[str, Any]]:
    """Let the suppliers bid, both openers open, and the officer score; return the bids, best first."""
    quality = procedure["criteria"][1]["criterion_id"]
    for place, supplier in enumerate(suppliers):
        bid = {
            "price_ore": 12_000_000 + place * 1_000_000,
            "vat_rate": "25.00",
            "description": "We train",
            "answers": [{"criterion_id": quality, "text": "In a workshop"}],
            "valid_until": "2027-06-30",
        }
        path = f"/suppliers/{supplier}/procedures/{procedure['procedure_id']}/bid"
        receipt = await office.ask(f"supplier.{place}", "PUT", path, bid)
        assert (await office.ask(f"supplier.{place}", "GET", path))["bid"]["receipt"] == receipt["receipt"]
    path = f"/procedures/{procedure['procedure_id']}"
    problem_of(await office.raw("officer", "GET", f"{path}/bids"), 409, "bids_sealed")
    problem_of(await office.raw("officer", "POST", f"{path}/opening"), 409, "deadline_ahead")
    office.scene.clock.advance(timedelta(hours=5))
    problem_of(await office.raw("delegate", "POST", f"{path}/opening"), 403, "role")
    assert (await office.ask("officer", "POST", f"{path}/opening"))["phase"] == "closed_for_bids"
    problem_of(await office.raw("officer", "GET", f"{path}/bids"), 409, "bids_sealed")
    assert (await office.ask("opener", "POST", f"{path}/opening"))["phase"] == "evaluation"
    bids = (await office.ask("officer", "GET", f"{path}/bids"))["bids"]
    for bid in bids:
        scores = [{"criterion_id": quality, "points": "8.00", "reason": "Good"}]
        await office.ask("officer", "PUT", f"/bids/{bid['bid_id']}/scores", {"scores": scores})
    ranked: list[dict[str, Any]] = (await office.ask("officer", "GET", f"{path}/bids"))["bids"]
    return ranked


async def test_a_request_becomes_an_ordered_line(office: Office) -> None:
    fact = office.scene.submitted()
    await deliver(REACTIONS, fact, office.database)
    case, procedure, suppliers = await invited(office, fact.request_id)
    ranked = await opened_and_scored(office, procedure, suppliers)
    assert [bid["rank"] for bid in ranked] == [1, 2, 3]
    assert ranked[0]["supplier_id"] == suppliers[0]
    path = f"/procedures/{procedure['procedure_id']}"
    problem_of(await office.raw("officer", "POST", f"{path}/award", {"reasons": "Best"}), 403, "role")
    award = await office.ask("delegate", "POST", f"{path}/award", {"reasons": "Best price, good teaching"}, expect=201)
    assert award["supplier_id"] == suppliers[0]
    notice = await office.ask(
        "supplier.1", "GET", f"/suppliers/{suppliers[1]}/procedures/{procedure['procedure_id']}/award"
    )
    assert (notice["won"], notice["rank"], notice["chosen_supplier"]) == (False, 2, "Supplier 0")
    contract = await draft(office, path)
    signed = await office.ask("officer", "POST", f"/contracts/{contract['contract_id']}/sign")
    assert signed["state"] == "signed"
    ordered = await order(office, signed, fact.request_id)
    assert ordered["lines"][0]["state"] == "ordered"
    note = await office.ask("officer", "GET", f"{path}/file-note")
    assert (note["required"], note["bids"], note["value_ore"]) == (True, 3, 12_000_000)
    assert "DK 2026/00001" in note["text"]
    client = await office.client("officer")
    swedish = (await client.get(f"{API}{path}/file-note", headers={"accept-language": "sv"})).json()
    assert swedish["text"].startswith("Dokumentation av direktupphandling")
    assert "120\xa0000\xa0kr" in swedish["text"]
    assert (await office.ask("officer", "GET", f"/cases/{case['case_id']}"))["state"] == "concluded"
    told = await office.scene.told()
    kinds = [TrainingRequestTaken, *[SupplierInvited] * 3, AwardDecided, ContractSigned, ContractLineOrdered]
    assert [type(each) for each in told] == kinds
    assert {len(each.recipients) for each in told if isinstance(each, SupplierInvited)} == {1}
    await check_award_told(told, suppliers)


async def check_award_told(told: list[Any], suppliers: list[str]) -> None:
    award = next(each for each in told if isinstance(each, AwardDecided))
    assert [(str(each.supplier_id), each.won, each.rank) for each in award.outcomes] == [
        (suppliers[0], True, 1),
        (suppliers[1], False, 2),
        (suppliers[2], False, 3),
    ]
    assert {str(each.id): each.part for each in award.recipients} == {
        suppliers[0]: "winner",
        suppliers[1]: "bidder",
        suppliers[2]: "bidder",
    }


async def draft(office: Office, path: str) -> dict[str, Any]:
    body = {
        "starts_on": "2027-01-01",
        "ends_on": "2027-12-31",
        "lines": [
            {"title": "Svetsning", "description": "Two days", "mode": "physical", "seats": 10, "price_ore": 12_000_000}
        ],
    }
    contract: dict[str, Any] = await office.ask("officer", "POST", f"{path}/contract", body, expect=201)
    return contract


async def order(office: Office, contract: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    body = {
        "line_id": contract["lines"][0]["line_id"],
        "meetings": [
            {
                "starts_at": "2027-02-01T09:00:00+01:00",
                "ends_at": "2027-02-01T16:00:00+01:00",
                "mode": "physical",
                "place": "Falun",
            }
        ],
        "requests": [{"request_id": str(request_id), "seats": 6}],
    }
    ordered: dict[str, Any] = await office.ask(
        "officer", "POST", f"/contracts/{contract['contract_id']}/orders", body, expect=201
    )
    return ordered

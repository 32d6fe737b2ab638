"""A supplier in her browser: the invitation, the bid with its receipt, replacing, withdrawing, the outcome."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.procurement.authorisation import PAGE_PERMITS
from services.procurement.bids.queries import own_receipts
from services.procurement.contracts.commands import sign_contract
from services.procurement.procedures.commands import cancel_procedure
from services.procurement.procedures.rules import CancelReason
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.tables import Supplier
from shared.kernel.roles import Role
from tests.services.procurement.office import Office, opened_office
from tests.support.databases import ServiceDatabase
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

BID = {
    "price": "240 000,50",
    "vat_rate": "25",
    "valid_until": "2027-06-30",
    "description": "Två dagar i vår verkstad",
    "answer_2": "Med övningar",
}
MOST_STATEMENTS = 16
OVERVIEW = "/procurement/supplier"


@pytest.fixture
async def office(service_database: ServiceDatabase) -> AsyncIterator[Office]:
    async with opened_office(await service_database("procurement")) as office:
        with known_visitors(office.app):
            yield office


async def invited(office: Office) -> tuple[list[Supplier], Procedure]:
    suppliers = await office.scene.suppliers()
    procedure = await office.scene.invited(suppliers[:2])
    await office.scene.session.commit()
    return suppliers, procedure


def address_of(supplier: Supplier, procedure: Procedure) -> str:
    return f"{OVERVIEW}/{supplier.id}/procedures/{procedure.id}"


async def boxes(office: Office) -> list[bool]:
    async with office.database.engine.connect() as connection:
        return list((await connection.execute(text("SELECT late FROM sealed_bids ORDER BY late"))).scalars())


async def send(page: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    """Send a form as it stands on its page, with some fields filled in."""
    form = page_of(await page.get(address))
    hidden = {
        tag["name"]: tag["value"] for tag in form.tags("input", type="hidden") if tag["name"] in ("_csrf", "_key")
    }
    return await page.post(address, data={**hidden, **fields})


async def test_a_bid_is_sent_with_a_receipt_replaced_and_withdrawn(office: Office) -> None:
    suppliers, procedure = await invited(office)
    address = address_of(suppliers[0], procedure)
    async with browser(office.app, "supplier.0") as page:
        invitation = page_of(await page.get(address))
        assert "Svetsutbildning 2027" in invitation.text
        assert "24 Nov 2026, 10:00" in invitation.text
        assert "Bid before" in invitation.text
        answer = await send(page, f"{address}/bid", **BID)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{address}/receipt")
        receipt = page_of(await page.get(answer.headers["location"])).text
        own = await own_receipts(office.scene.session, office.scene.keys, [procedure.id], suppliers[0].id)
        bid = own[procedure.id].bid
        assert bid is not None
        assert bid.receipt in receipt
        again = page_of(await page.get(f"{address}/bid")).text
        assert "Replace your bid" in again
        assert BID["description"] not in again
        assert (await send(page, f"{address}/bid", **{**BID, "price": "230000"})).status_code == 303
        assert await boxes(office) == [False]
        withdrawal = page_of(await page.get(f"{address}/withdraw")).text
        assert "nobody is told that you had bid" in withdrawal
        assert (await send(page, f"{address}/withdraw")).headers["location"] == address
        assert await boxes(office) == []
        assert (await page.get(f"{address}/withdraw")).status_code == 404
        assert (await page.get(f"{address}/receipt")).status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"price": "lots"}, "price", "240 000"),
        ({"valid_until": "2026-11-23"}, "valid_until", "must bind until after the deadline"),
        ({"description": ""}, "description", "Fill this in."),
    ],
)
async def test_a_wrong_bid_is_told_at_its_field_and_nothing_typed_is_lost(
    office: Office, change: dict[str, str], field: str, told: str
) -> None:
    suppliers, procedure = await invited(office)
    address = f"{address_of(suppliers[0], procedure)}/bid"
    async with browser(office.app, "supplier.0") as page:
        refused = page_of(await send(page, address, **{**BID, **change}), 422)
        assert told in refused.text
        assert BID["answer_2"] in refused.text
        assert refused.tags("a", href=f"#field-{field}")
    assert await boxes(office) == []


async def test_a_late_bid_is_recorded_and_said_to_be_late(office: Office) -> None:
    suppliers, procedure = await invited(office)
    address = address_of(suppliers[0], procedure)
    async with browser(office.app, "supplier.0") as page:
        form = page_of(await page.get(f"{address}/bid"))
        office.scene.clock.advance(timedelta(days=2))
        late = page_of(await page.post(f"{address}/bid", data={**form.typed(), **BID}), 422)
        assert "Your bid came too late" in late.text
        assert "not opened" in page_of(await page.get(address)).text
        assert "too late" in page_of(await page.get(f"{address}/receipt")).text
        assert "Bids are no longer taken" in page_of(await page.get(f"{address}/bid")).text
    assert await boxes(office) == [True]


async def test_nobody_reaches_what_another_supplier_is_invited_to(office: Office) -> None:
    suppliers, procedure = await invited(office)
    async with browser(office.app, "supplier.2") as other, browser(office.app, "officer") as officer:
        for part in ("", "/bid", "/receipt", "/withdraw", "/questions", "/award"):
            assert (await other.get(f"{address_of(suppliers[2], procedure)}{part}")).status_code == 404, part
            assert (await other.get(f"{address_of(suppliers[0], procedure)}{part}")).status_code == 404, part
            assert (await officer.get(f"{address_of(suppliers[0], procedure)}{part}")).status_code == 403, part
        assert (await other.get(f"{OVERVIEW}/{suppliers[0].id}/invitations")).status_code == 404


async def test_the_overview_shows_what_is_ones_own_and_what_came_of_it(office: Office) -> None:
    suppliers, procedure = await invited(office)
    scene = office.scene
    async with browser(office.app, "supplier.0") as page, browser(office.app, "supplier.1") as loser:
        before = page_of(await page.get(OVERVIEW)).text
        assert "Bid before" in before
        assert "Utbildning supplier.1" not in before
        for supplier, price in ((suppliers[0], 9_000_000), (suppliers[1], 10_000_000)):
            await scene.bid(procedure, supplier, price)
        await scene.session.commit()
        assert "Received 23 Nov 2026" in page_of(await page.get(OVERVIEW)).text
        await scene.session.refresh(procedure)
        for bid in await scene.open(procedure):
            await scene.score(bid)
        await scene.award(procedure)
        contract = await scene.contract(procedure, 9_000_000)
        await scene.session.commit()
        won = page_of(await page.get(f"{address_of(suppliers[0], procedure)}/award")).text
        lost = page_of(await loser.get(f"{address_of(suppliers[1], procedure)}/award")).text
        assert "Your bid was chosen" in won
        assert "the bid of Utbildning supplier.0" in lost
        contract_address = f"{OVERVIEW}/{suppliers[0].id}/contracts/{contract.id}"
        assert (await page.get(contract_address)).status_code == 404
        scene.clock.advance(timedelta(days=20))
        await sign_contract(scene.session, scene.clock, contract.id, by=scene.officer)
        await scene.session.commit()
        after = page_of(await page.get(OVERVIEW))
        assert after.tag("a", href=contract_address)
        assert "Award notice" in after.text
        assert "Two days" in page_of(await page.get(contract_address)).text
        assert (await loser.get(contract_address)).status_code == 404
        assert (await loser.get(f"{OVERVIEW}/{suppliers[1].id}/contracts/{contract.id}")).status_code == 404


async def test_invitations_are_searched_filtered_and_had_as_a_file(office: Office) -> None:
    suppliers, procedure = await invited(office)
    scene = office.scene
    other = await scene.lot(await scene.case(), pooled=False, not_pooled_reason="Another need")
    await scene.choose_direct(other)
    second = await scene.invited_in(other, [suppliers[0]], title="Truckutbildning")
    await cancel_procedure(
        scene.session,
        scene.clock,
        second.id,
        code=CancelReason.CHANGED_NEED,
        reason="Behovet har ändrats",
        by=scene.officer,
    )
    await scene.session.commit()
    async with browser(office.app, "supplier.0") as page:
        found = page_of(await page.get(OVERVIEW, params={"q": "truck"}))
        assert found.tags("a", href=address_of(suppliers[0], second))
        assert not found.tags("a", href=address_of(suppliers[0], procedure))
        opened = page_of(await page.get(OVERVIEW, params={"standing": "open"}))
        assert not opened.tags("a", href=address_of(suppliers[0], second))
        file = await page.get(OVERVIEW, params={"format": "csv"})
        assert "Truckutbildning" in file.text
        assert "Behovet har ändrats" in page_of(await page.get(address_of(suppliers[0], second))).text


async def test_a_page_costs_the_same_whatever_its_rows(office: Office) -> None:
    suppliers, procedure = await invited(office)
    scene = office.scene
    for _ in range(4):
        lot = await scene.lot(await scene.case(), pooled=False, not_pooled_reason="Another need")
        await scene.choose_direct(lot)
        await scene.invited_in(lot, [suppliers[0]])
    await scene.session.commit()
    async with browser(office.app, "supplier.0") as many, browser(office.app, "supplier.1") as one:
        with statements_of(office.database) as of_many:
            page_of(await many.get(OVERVIEW))
        with statements_of(office.database) as of_one:
            page_of(await one.get(OVERVIEW))
        with statements_of(office.database) as of_invitation:
            page_of(await many.get(address_of(suppliers[0], procedure)))
    assert len(of_many) == len(of_one) <= MOST_STATEMENTS
    assert len(of_invitation) <= MOST_STATEMENTS


async def test_the_pages_speak_swedish(office: Office) -> None:
    suppliers, procedure = await invited(office)
    async with browser(office.app, "supplier.0", language="sv") as page:
        shown = page_of(await page.get(address_of(suppliers[0], procedure))).text
        assert "2026-11-24 kl. 10.00" in shown
        assert "Lämna anbud före" in shown
        assert "Anbudsinbjudningar" in page_of(await page.get(OVERVIEW)).text


def test_every_page_of_a_supplier_has_the_label_of_them_all() -> None:
    of_suppliers = {name for name, permit in PAGE_PERMITS.items() if permit.roles == {Role.SUPPLIER}}
    assert {"show_bid", "send_bid", "show_receipt", "send_withdrawal", "show_invitation"} <= of_suppliers
    beginnings = {"show_supplier_overview", "show_registration", "send_registration", "show_claim", "send_claim"}
    assert {PAGE_PERMITS[name].label for name in of_suppliers | beginnings} == {"supplier"}


async def test_somebody_new_registers_and_another_comes_by_a_code(office: Office) -> None:
    async with browser(office.app, "newcomer") as page:
        start = page_of(await page.get(OVERVIEW))
        assert "You do not act for any supplier yet" in start.text
        company = {
            "name": "Nya Svets AB",
            "organisation_number": "556036-0793",
            "email": "anbud@example.test",
            "language": "sv",
        }
        wrong = page_of(
            await send(page, f"{OVERVIEW}/register", **{**company, "organisation_number": "556036-0794"}), 422
        )
        assert "Nya Svets AB" in str(wrong.tag("input", name="name")["value"])
        done = await send(page, f"{OVERVIEW}/register", **company)
        assert done.status_code == 303
        assert "Nya Svets AB" in page_of(await page.get(done.headers["location"])).text
    body = {"name": "Truck AB", "organisation_number": "556900-4400", "email": "truck@example.test"}
    added = await office.ask("officer", "POST", f"/buyers/{office.scene.buyer.id}/suppliers", body)
    async with browser(office.app, "truck") as page:
        form = page_of(await page.get(f"{OVERVIEW}/claim", params={"code": added["claim_code"]}))
        assert form.tag("input", name="code")["value"] == added["claim_code"]
        refused = page_of(await send(page, f"{OVERVIEW}/claim", code="7K3M-9XQD-2BWF-HJ4T"), 422)
        assert "not valid" in refused.text
        done = await page.post(f"{OVERVIEW}/claim", data=form.typed())
        assert done.headers["location"] == f"{OVERVIEW}/{added['supplier']['supplier_id']}/invitations"
        assert "Truck AB" in page_of(await page.get(OVERVIEW)).text


async def test_who_acts_for_two_chooses_among_them(office: Office) -> None:
    first = await office.scene.supplier(sub="both")
    second = await office.scene.supplier("556900-4400", sub="both")
    await office.scene.session.commit()
    async with browser(office.app, "both") as page:
        shown = page_of(await page.get(f"{OVERVIEW}/{second.id}/invitations"))
        ids: list[UUID] = [first.id, second.id]
        assert all(shown.tags("a", href=f"{OVERVIEW}/{each}/invitations") for each in ids)

"""An officer's day on pages: from the inbox to the order, with the forms as a browser sends them."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from services.procurement.cases.tables import Case, TrainingRequest
from services.procurement.copies import EmployerCopy
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.tables import Supplier
from shared.kernel.ids import new_id
from tests.services.procurement.office import Office, opened_office
from tests.support.databases import ServiceDatabase
from tests.support.pages import TOKEN, PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of

PAGES = "/procurement"


class Desk:
    """The office in browsers, one for each person."""

    def __init__(self, office: Office, stack: AsyncExitStack) -> None:
        self.office = office
        self._stack = stack
        self._browsers: dict[tuple[str | None, str], httpx.AsyncClient] = {}

    async def browser(self, sub: str | None, language: str = "en") -> httpx.AsyncClient:
        if (sub, language) not in self._browsers:
            made = browser(self.office.app, sub, language=language)
            self._browsers[sub, language] = await self._stack.enter_async_context(made)
        return self._browsers[sub, language]

    async def see(self, sub: str | None, path: str, status: int = 200, *, language: str = "en") -> PageText:
        """Return a page as a person sees it."""
        return page_of(await (await self.browser(sub, language)).get(PAGES + path), status)

    async def post(self, sub: str, path: str, **fields: Any) -> httpx.Response:  # noqa: ANN401 - any field of it
        """Send a form; names are written with `__` for the dot of a row."""
        sent = {name.replace("__", "."): value for name, value in fields.items()}
        sent = {"_csrf": TOKEN, "_key": str(new_id()), **sent}
        return await (await self.browser(sub)).post(PAGES + path, data=sent)

    async def done(self, sub: str, path: str, **fields: Any) -> str:  # noqa: ANN401 - any field of it
        """Send a form that is carried out, and return where it leads."""
        answer = await self.post(sub, path, **fields)
        assert answer.status_code == 303, page_of(answer, answer.status_code).text
        return answer.headers["location"].removeprefix(PAGES)

    async def refused(self, sub: str, path: str, **fields: Any) -> PageText:  # noqa: ANN401 - any field of it
        """Send a form that is not carried out, and return the page that says why."""
        return page_of(await self.post(sub, path, **fields), 422)

    async def request(self, title: str, employer: str, **changes: Any) -> TrainingRequest:  # noqa: ANN401 - any field of it
        """Put a request into the inbox."""
        scene = self.office.scene
        employer_id = new_id()
        scene.session.add(EmployerCopy(employer_id=employer_id, name=employer, organisation_number=None))
        number = str(new_id().int)[-6:]
        request = await scene.request(title=title, employer_id=employer_id, reference=f"U-{number}", **changes)
        await scene.session.commit()
        return request

    async def case(self, *requests: TrainingRequest) -> UUID:
        """Open a case in which all have declared."""
        case = await self.office.scene.case(*requests)
        await self.office.scene.session.commit()
        return case.id


@pytest.fixture(scope="module")
async def desk(module_database: ServiceDatabase) -> AsyncIterator[Desk]:
    async with opened_office(await module_database("procurement")) as office, AsyncExitStack() as stack:
        await office.scene.suppliers()
        await office.scene.person("other")
        await office.scene.session.commit()
        with known_visitors(office.app):
            yield Desk(office, stack)


def last(address: str) -> str:
    """Return the id at the end of an address, without the part of the page."""
    return address.partition("#")[0].rpartition("/")[2]


async def test_a_case_is_carried_from_the_inbox_to_the_order(desk: Desk) -> None:
    one = await desk.request("Svetsning för nybörjare", "Plåt AB", persons=4)
    two = await desk.request("Svetsutbildning", "Rör AB", persons=8)
    inbox = await desk.see("officer", "/requests")
    for told in ("These look alike", "Plåt AB", "Rör AB", "for 12 persons together"):
        assert told in inbox.text
    chosen = f"/requests/take?request={one.id}&request={two.id}"
    beside = await desk.see("officer", chosen)
    assert "2 requests, for 12 persons together" in beside.text
    assert len({tag["value"] for tag in beside.tags("input", name="request_ids")}) == 2
    case = await desk.done(
        "officer", "/requests/take", request_ids=[str(one.id), str(two.id)], title="Svetsning i Falun"
    )
    page = await desk.see("officer", case)
    assert "Declare whether you have a conflict of interest" in page.text
    for sub in ("officer", "opener", "delegate"):
        assert await desk.done(sub, f"{case}/declaration", conflict="no", statement="Inga band") == case
    page = await desk.see("officer", case)
    assert "Say what is to be bought" in page.text
    lot = await _lot(desk, case)
    await _advice(desk, lot)
    procedure = await _procedure(desk, lot)
    await _bidding(desk, case, procedure)
    await _comparing(desk, procedure)
    await _award(desk, case, procedure)
    contract = await _contract(desk, case, procedure)
    await _order(desk, case, contract, one, two)
    history = (await desk.see("officer", case)).text
    for told in (
        "The case was opened",
        "was put in a case",
        "The route for “Svetsning i Falun” was chosen",
        "Suppliers were invited to bid",
        "The deadline for bids on",
        "The award of",
        "was signed",
        "Training was ordered for request",
        "The case was concluded",
        "Officer",
    ):
        assert told in history


async def _lot(desk: Desk, case: str) -> str:
    typed = {
        "title": "Svetsning i Falun",
        "cpv": "80511000-9",
        "value": "400 000",
        "value_basis": "Tolv personer",
        "outside_statement": "Inget annat",
        "pooled": "no",
    }
    wrong = await desk.refused("officer", f"{case}/lots/new", **{**typed, "value": "many", "cpv": "80511000-1"})
    for field in ("value", "cpv"):
        assert wrong.tag("input", name=field)["aria-invalid"] == "true"
    assert wrong.tag("input", name="title")["value"] == "Svetsning i Falun", "what was typed is kept"
    wrong = await desk.refused("officer", f"{case}/lots/new", **typed)
    assert "Say why this is not one purchase" in wrong.text
    lot = await desk.done("officer", f"{case}/lots/new", **typed, not_pooled_reason="Ett eget behov")
    page = await desk.see("officer", lot)
    for told in ("If the code is not in bilaga 2", "If the code is in bilaga 2", "SEK 400,000", "EUR 750,000", "Law"):
        assert told in page.text
    return lot


async def _advice(desk: Desk, lot: str) -> None:
    chosen = {"route": "direct_purchase", "reason": "Utbildning är huvudsaken"}
    wrong = await desk.refused("officer", lot, annex2="yes", **chosen)
    assert "Look it up and state it with its source" in wrong.text
    wrong = await desk.refused("officer", lot, annex2="yes", direct_annex2="8 000 000", **chosen)
    assert "Say where you found the amount" in wrong.text
    assert wrong.tag("input", name="direct_annex2_source")["aria-invalid"] == "true"
    case = await desk.done("officer", lot, annex2="no", **chosen)
    page = await desk.see("officer", case)
    assert "Plan the purchase of" in page.text
    assert "Chosen before" in (await desk.see("officer", lot)).text


async def _procedure(desk: Desk, lot: str) -> str:
    scene = desk.office.scene
    plan = {
        "title": "Svetsning",
        "description": "Två dagar",
        "deadline": (scene.clock.now() + timedelta(days=7)).isoformat(),
        "criteria__0__name": "Pris",
        "criteria__0__description": "Lägst vinner",
        "criteria__0__kind": "price",
        "criteria__0__weight": "40",
        "criteria__1__name": "",
        "criteria__1__kind": "quality",
        "criteria__2__name": "Upplägg",
        "criteria__2__description": "Övning",
        "criteria__2__kind": "quality",
        "criteria__2__weight": "50",
        "opener_ids": [str(scene.officer), str(scene.opener)],
    }
    page = await desk.see("officer", f"{lot}/procedures/new")
    for told in ("OSL 19:3", "a direct purchase has none by law", "The buyer's policy", "Law"):
        assert told in page.text
    wrong = await desk.refused("officer", f"{lot}/procedures/new", **plan)
    assert "The weights add up to 90" in wrong.text
    wrong = await desk.refused("officer", f"{lot}/procedures/new", **{**plan, "criteria__2__description": ""})
    assert wrong.tag("textarea", name="criteria.2.description")["aria-invalid"] == "true"
    address = await desk.done("officer", f"{lot}/procedures/new", **{**plan, "criteria__2__weight": "60"})
    procedure = address.removesuffix("/invitations")
    found = await desk.see("officer", address)
    # another test may have added to the register before this one
    known = [str(supplier.id) for supplier in await _suppliers(desk)]
    assert {str(tag["value"]) for tag in found.tags("input", name="supplier_ids")} == set(known)
    assert "tick" not in (await desk.refused("officer", address)).text
    await desk.done("officer", address, supplier_ids=known[:2])
    left = (await desk.see("officer", address)).tags("input", name="supplier_ids")
    assert {str(tag["value"]) for tag in left} == set(known[2:])
    return procedure


async def _bidding(desk: Desk, case: str, procedure: str) -> None:
    scene = desk.office.scene
    page = await desk.see("officer", case)
    assert "is open for bids until" in page.text
    assert "/bids" not in "".join(str(tag.get("href")) for tag in page.tags("a")), "no way to bids before the opening"
    later = (scene.clock.now() + timedelta(days=9)).isoformat()
    await desk.refused("officer", f"{procedure}/deadline", deadline=scene.clock.now().isoformat(), reason="Fråga")
    await desk.done("officer", f"{procedure}/deadline", deadline=later, reason="En fråga kom sent")
    row = await scene.session.get(Procedure, UUID(last(procedure)), populate_existing=True)
    assert row is not None
    suppliers = await _suppliers(desk)
    for number, supplier in enumerate(suppliers[:2]):
        await scene.bid(row, supplier, 30_000_000 + number * 1_000_000)
    await scene.session.commit()
    assert "sealed" in (await desk.see("officer", f"{procedure}/bids", 409)).text
    await desk.refused("officer", f"{procedure}/opening")
    scene.clock.advance(timedelta(days=9, minutes=1))
    page = await desk.see("officer", case)
    assert "Open the bids on" in page.text
    await desk.done("officer", f"{procedure}/opening")
    assert "waits for those who are appointed" in (await desk.see("officer", case)).text
    await desk.done("opener", f"{procedure}/opening")


async def _suppliers(desk: Desk) -> list[Supplier]:
    """Return those that are there from the beginning first, whatever was added meanwhile."""
    found = await desk.office.scene.session.exec(select(Supplier).order_by(col(Supplier.id)))
    return list(found.all())


async def _comparing(desk: Desk, procedure: str) -> None:
    page = await desk.see("officer", f"{procedure}/bids")
    fields = page.typed()
    assert "OSL 19:3" in page.text
    points = sorted(name for name in fields if name.endswith(".points"))
    assert len(points) == 2, "one criterion is judged, for each of two bids"
    filled = {name: value for name, value in fields.items() if name.startswith(("scores.", "bids."))}
    wrong = await desk.refused("officer", f"{procedure}/bids", **{**filled, points[0]: "8,5"})
    assert "Say why the bid gets these points." in wrong.text
    assert wrong.tag("input", name=points[0])["value"] == "8,5"
    reasons = {name.replace("points", "reason"): "Som beskrivet" for name in points}
    given = {**filled, **reasons, points[0]: "8,5", points[1]: "6"}
    assert await desk.done("officer", f"{procedure}/bids", **given) == f"{procedure}/bids"
    page = await desk.see("officer", f"{procedure}/bids")
    assert page.tag("input", name=points[0])["value"] == "8.5"
    assert (await desk.see("delegate", f"{procedure}/award")).text.count("Utbildning supplier") >= 2
    await desk.see("officer", f"{procedure}/award", 403)


async def _award(desk: Desk, case: str, procedure: str) -> None:
    assert "Decide the award of" in (await desk.see("delegate", case)).text
    await desk.refused("delegate", f"{procedure}/award", reasons="")
    await desk.done("delegate", f"{procedure}/award", reasons="Bäst övning för priset")
    revoked = await desk.see("delegate", f"{procedure}/award/revoke")
    assert "no longer stands" in revoked.text
    await desk.done("delegate", f"{procedure}/award/revoke", reason="Räknefel i poängen")
    await desk.done("delegate", f"{procedure}/award", reasons="Bäst övning för priset")
    page = await desk.see("officer", case)
    for told in ("Chosen supplier", "Bäst övning för priset", "Draft the contract"):
        assert told in page.text


async def _contract(desk: Desk, case: str, procedure: str) -> str:
    draft = {
        "title": "Svetsning",
        "value": "310 000",
        "vat_rate": "25",
        "starts_on": "2026-12-10",
        "ends_on": "2027-06-30",
        "lines__0__title": "Svetsning",
        "lines__0__description": "Två dagar",
        "lines__0__seats": "12",
        "lines__0__price": "300 000",
        "lines__0__mode": "physical",
        "lines__0__language": "sv",
        "lines__1__title": "",
        "lines__1__mode": "physical",
        "lines__1__language": "sv",
    }
    await desk.see("officer", f"{procedure}/contract")
    wrong = await desk.refused("officer", f"{procedure}/contract", **{**draft, "lines__0__price": "400 000"})
    assert "more than the contract's value" in wrong.text
    await desk.done("officer", f"{procedure}/contract", **draft)
    await desk.done("officer", await _link(desk, case, "/discard"), reason="Fel värde")
    assert await desk.done("officer", f"{procedure}/contract", **draft) == case
    contract = (await _link(desk, case, "/discard")).split("/")[2]
    assert "Sign the contract" in (await desk.see("officer", case)).text
    note = await desk.see("officer", f"{procedure}/file-note")
    for told in (
        "LOU 19 a:11",
        "212000-9903".replace("-", ""),
        "Bäst övning för priset",
        "Dalabygden",
        "DK 2026/",
    ):
        assert told in note.text.replace("-", "")
    await desk.see("officer", f"/contracts/{contract}/sign")
    await desk.done("officer", f"/contracts/{contract}/sign")
    return contract


async def _link(desk: Desk, case: str, end: str) -> str:
    """Return the one address on the case's page that ends so."""
    page = await desk.see("officer", case)
    (address,) = {str(tag["href"]).removeprefix(PAGES) for tag in page.tags("a") if str(tag.get("href")).endswith(end)}
    return address


async def _order(desk: Desk, case: str, contract: str, one: TrainingRequest, two: TrainingRequest) -> None:
    address = await _link(desk, case, "/order")
    assert contract in address
    form = await desk.see("officer", address)
    seats = [tag for tag in form.tags("input") if str(tag["name"]).endswith(".seats")]
    assert sorted(str(tag["value"]) for tag in seats) == ["4", "8"], "what was asked for is filled in"
    order = {
        "meetings__0__day": "2027-01-12",
        "meetings__0__begins": "09:00",
        "meetings__0__ends": "16:00",
        "meetings__0__mode": "physical",
        "meetings__0__place": "Falun",
        "meetings__1__mode": "physical",
        "requests__0__request_id": str(one.id),
        "requests__0__seats": "4",
        "requests__1__request_id": str(two.id),
        "requests__1__seats": "",
    }
    wrong = await desk.refused("officer", address, **{**order, "requests__1__seats": "80"})
    assert "the line has 12" in wrong.text
    wrong = await desk.refused("officer", address, **{**order, "meetings__0__day": ""})
    assert wrong.tag("input", name="meetings.0.day")["aria-invalid"] == "true"
    await desk.done("officer", address, **order)


async def test_a_request_is_declined_with_a_reason_that_the_employer_reads(desk: Desk) -> None:
    request = await desk.request("Keramik", "Krukan AB")
    path = f"/requests/{request.id}"
    assert "The contacts of Krukan AB are told at once" in (await desk.see("officer", f"{path}/decline")).text
    await desk.refused("officer", f"{path}/decline", reason=" ")
    assert await desk.done("officer", f"{path}/decline", reason="Utanför projektets mål") == path
    shown = (await desk.see("officer", path)).text
    for told in ("Declined", "Utanför projektets mål", "Keramik", "Officer"):
        assert told in shown
    assert "Krukan AB" in (await desk.see("officer", "/requests?state=declined")).text
    assert "Keramik" not in (await desk.see("officer", "/requests")).text


async def test_a_case_is_opened_for_a_need_of_the_buyers_own(desk: Desk) -> None:
    scene = desk.office.scene
    assert (await desk.see("officer", "/cases")).tags("a", href=f"{PAGES}/cases/new")
    assert not (await desk.see("delegate", "/cases")).tags("a", href=f"{PAGES}/cases/new")
    await desk.see("delegate", "/cases/new", 403)
    form = await desk.see("officer", "/cases/new", language="sv")
    assert "Öppna ett ärende för ett eget behov" in form.text
    place = f"{scene.buyer.id}.{scene.project_id}"
    assert [tag["value"] for tag in form.tags("option")] == [place]
    wrong = await desk.refused("officer", "/cases/new", title=" ", place=place)
    assert wrong.tag("input", name="title")["aria-invalid"] == "true"
    elsewhere = await desk.post("officer", "/cases/new", title="Annat", place=f"{scene.buyer.id}.{new_id()}")
    page_of(elsewhere, 403)
    nobodys = await desk.post("officer", "/cases/new", title="Annat", place=f"{new_id()}.{scene.project_id}")
    page_of(nobodys, 403)
    case = await desk.done("officer", "/cases/new", title="Föreläsning om hållbart arbete", place=place)
    page = await desk.see("officer", case)
    assert "Föreläsning om hållbart arbete" in page.text
    assert "Declare whether you have a conflict of interest" in page.text


async def test_requests_are_added_to_an_open_case(desk: Desk) -> None:
    first = await desk.request("Truckkort", "Lager AB")
    case_id = await desk.case(first)
    second = await desk.request("Truckkort för fler", "Frakt AB")
    page = await desk.see("officer", f"/requests/take?request={second.id}")
    assert str(case_id) in [tag["value"] for tag in page.tags("option")]
    where = await desk.done("officer", "/requests/take", request_ids=[str(second.id)], case_id=str(case_id))
    assert where == f"/cases/{case_id}"
    assert "Frakt AB" in (await desk.see("officer", where)).text


async def test_a_cancelled_case_gives_its_requests_back(desk: Desk) -> None:
    request = await desk.request("Datakunskap", "Kontoret AB")
    case_id = await desk.case(request)
    confirm = await desk.see("officer", f"/cases/{case_id}/cancel")
    assert request.reference in confirm.text
    await desk.done("officer", f"/cases/{case_id}/cancel", reason="Behovet har ändrats")
    page = (await desk.see("officer", f"/requests/{request.id}")).text
    assert "Waits for an officer" in page
    assert "Weekdays, in the evening" in page
    assert "Cancelled" in (await desk.see("officer", f"/cases/{case_id}")).text


async def test_a_purchase_is_cancelled_with_its_kind_of_reason(desk: Desk) -> None:
    scene = desk.office.scene
    lot = await scene.lot(await scene.case(), pooled=False, not_pooled_reason="Eget behov")
    await scene.choose_direct(lot)
    procedure = await scene.invited_in(lot, (await _suppliers(desk))[:1])
    await scene.session.commit()
    path = f"/procedures/{procedure.id}/cancel"
    assert "Every invited supplier is told at once" in (await desk.see("officer", path)).text
    await desk.refused("officer", path, code="nonsense", reason="För få")
    await desk.done("officer", path, code="changed_need", reason="Behovet föll bort")
    page = (await desk.see("officer", f"/cases/{procedure.case_id}")).text
    assert "The need has changed: Behovet föll bort" in page
    assert "Plan the purchase of" in page, "the lot can be bought anew"


async def test_a_supplier_is_added_and_its_code_is_shown_once(desk: Desk) -> None:
    given = {"name": "Ny Utbildning AB", "organisation_number": "556036-0793", "email": "ny@example.test"}
    wrong = await desk.refused("officer", "/suppliers/new", **{**given, "organisation_number": "556036-0794"})
    assert wrong.tag("input", name="organisation_number")["aria-invalid"] == "true"
    answer = await desk.post("officer", "/suppliers/new", **given)
    page = page_of(answer)
    assert "It is shown this once" in page.text
    assert f"{desk.office.app.state.parts.origin}/procurement/supplier/claim" in page.text
    listed = await desk.see("officer", "/suppliers?q=5560360793")
    assert "Ny Utbildning AB" in listed.text
    assert "Utbildning supplier" not in listed.text
    (link,) = [str(tag["href"]) for tag in listed.tags("a") if str(tag.get("href")).endswith("/code")]
    again = page_of(await desk.post("officer", link.removeprefix(PAGES)))
    assert "It is shown this once" in again.text
    twice = await desk.refused("officer", "/suppliers/new", **given)
    assert "registered already" in twice.text


async def test_a_supplier_that_somebody_acts_for_gets_no_new_code(desk: Desk) -> None:
    supplier = next(each for each in await _suppliers(desk) if each.name == "Utbildning supplier.0")
    wrong = await desk.refused("officer", f"/suppliers/{supplier.id}/code")
    assert "Somebody acts for Utbildning supplier.0 already" in wrong.text


@pytest.mark.parametrize("path", ["/requests", "/cases", "/suppliers"])
async def test_lists_are_had_as_files(desk: Desk, path: str) -> None:
    answer = await (await desk.browser("officer", "sv")).get(f"{PAGES}{path}?format=csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert ";" in answer.content.decode("utf-8-sig").splitlines()[0]


@pytest.mark.parametrize("path", ["/requests", "/cases", "/suppliers", "/suppliers/new", "/requests/take"])
async def test_the_office_is_closed_to_others(desk: Desk, path: str) -> None:
    await desk.see("other", path, 403)
    await desk.see(None, path, 401)


async def test_a_grant_elsewhere_reaches_nothing_here(desk: Desk) -> None:
    request = await desk.request("Hemligt hantverk", "Smedjan AB")
    case_id = await desk.case(request)
    grant = {"role": "procurement_officer", "buyer_id": str(desk.office.scene.buyer.id), "project_id": str(new_id())}
    await desk.office.scene.person("elsewhere", grant)
    await desk.office.scene.session.commit()
    await desk.see("elsewhere", f"/cases/{case_id}", 404)
    assert "Smedjan AB" not in (await desk.see("elsewhere", "/requests?state=in_case")).text
    assert "Svetsutbildning" not in (await desk.see("elsewhere", "/cases")).text
    waiting = await desk.request("Mer hantverk", "Städet AB")
    answer = await desk.post("elsewhere", "/requests/take", request_ids=[str(waiting.id)], title="Taget")
    assert answer.status_code == 403
    answer = await desk.post("elsewhere", "/requests/take", request_ids=[str(waiting.id)], case_id=str(case_id))
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/requests", "/cases", "/suppliers"])
async def test_the_lists_are_whole_in_swedish(desk: Desk, path: str) -> None:
    page = await desk.see("officer", path, language="sv")
    assert page.tag("html")["lang"] == "sv"
    assert not [word for word in ("Show", "Search", "Request", "Case ", "waits") if word in page.text]


async def test_the_start_tells_nobody_signed_in_how_training_is_bought(desk: Desk) -> None:
    assert "How training is bought" in (await desk.see(None, "/")).text
    assert "Your desk" in (await desk.see("officer", "/")).text


async def _cost(desk: Desk, path: str) -> int:
    await desk.see("officer", path)  # what is read once for a process
    with statements_of(desk.office.database) as sent:
        await desk.see("officer", path)
    return len(sent)


async def test_a_case_and_the_lists_cost_the_same_whatever_is_in_them(desk: Desk) -> None:
    scene = desk.office.scene
    suppliers = await _suppliers(desk)
    small = await desk.case(await desk.request("Lödning ett", "Tenn AB"))
    large = await desk.case(*[await desk.request(f"Lödning {number}", f"Tenn {number} AB") for number in range(6)])
    for case_id, lots in ((small, 1), (large, 4)):
        case = await scene.session.get(Case, case_id)
        assert case is not None
        for _ in range(lots):
            lot = await scene.lot(case, pooled=False, not_pooled_reason="Eget behov")
            await scene.choose_direct(lot)
            await scene.invited_in(lot, suppliers[:lots])
    await scene.session.commit()
    assert await _cost(desk, f"/cases/{small}") == await _cost(desk, f"/cases/{large}") < 40
    before = {path: await _cost(desk, path) for path in ("/requests", "/cases", "/", "/suppliers")}
    for number in range(5):
        await desk.request(f"Montering {number}", f"Verkstad {number} AB")
        await desk.case(await desk.request(f"Mätning {number}", f"Mått {number} AB"))
    after = {path: await _cost(desk, path) for path in before}
    assert after == before
    assert max(after.values()) < 20


async def test_the_next_deadline_comes_first(desk: Desk) -> None:
    scene = desk.office.scene
    suppliers = await _suppliers(desk)
    cases = []
    for days in (30, 10, 20):
        case_id = await desk.case()
        case = await scene.session.get(Case, case_id)
        assert case is not None
        lot = await scene.lot(case, pooled=False, not_pooled_reason="Eget behov")
        await scene.choose_direct(lot)
        await scene.invited_in(lot, suppliers[:1], deadline=scene.clock.now() + timedelta(days=days))
        cases.append(str(case_id))
    await scene.session.commit()
    page = await desk.see("officer", "/cases?limit=200")
    shown = [last(str(tag["href"])) for tag in page.tags("a") if str(tag.get("href")).startswith("/procurement/cases/")]
    places = [shown.index(case_id) for case_id in cases]
    assert places[1] < places[2] < places[0]
    turned = await desk.see("officer", "/cases?limit=200&sort=-deadline&phase=open_for_bids")
    shown = [last(str(tag["href"])) for tag in turned.tags("a") if "/procurement/cases/" in str(tag.get("href"))]
    assert [case_id for case_id in shown if case_id in cases] == [cases[0], cases[2], cases[1]]
    paged = await desk.see("officer", "/cases?limit=1")
    assert paged.tags("a", rel="next")


async def test_before_the_opening_a_case_tells_nothing_of_bids(desk: Desk) -> None:
    scene = desk.office.scene
    suppliers = await _suppliers(desk)
    shown = []
    for bids in (0, 2):
        case_id = await desk.case()
        case = await scene.session.get(Case, case_id)
        assert case is not None
        lot = await scene.lot(case, pooled=False, not_pooled_reason="Eget behov")
        await scene.choose_direct(lot)
        procedure = await scene.invited_in(lot, suppliers[:3])
        for supplier in suppliers[:bids]:
            await scene.bid(procedure, supplier)
        await scene.session.commit()
        page = await desk.see("officer", f"/cases/{case_id}")
        shown.append(re.sub(r"DK \d+/\d+", "", page.text))
    assert shown[0] == shown[1]


async def test_who_has_not_declared_reads_no_bids(desk: Desk) -> None:
    scene = desk.office.scene
    suppliers = await _suppliers(desk)
    case_id = await desk.case()
    case = await scene.session.get(Case, case_id)
    assert case is not None
    lot = await scene.lot(case, pooled=False, not_pooled_reason="Eget behov")
    await scene.choose_direct(lot)
    procedure = await scene.invited_in(lot, suppliers[:2])
    await scene.bid(procedure, suppliers[0], 12_345_600)
    await scene.open(procedure)
    grant = {"buyer_id": str(scene.buyer.id), "project_id": str(scene.project_id)}
    await scene.person("undeclared", {"role": "procurement_officer", **grant})
    await scene.session.commit()
    page = await desk.see("undeclared", f"/cases/{case_id}")
    assert "123,456" not in page.text
    assert "/bids" not in " ".join(str(tag.get("href")) for tag in page.tags("a"))
    await desk.see("undeclared", f"/procedures/{procedure.id}/bids", 403)
    assert "SEK 123,456" in (await desk.see("officer", f"/procedures/{procedure.id}/bids")).text

"""A direct purchase through the public API, up to the point where suppliers may bid: the same for every caller."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from deploy.demo.client import Cast
from deploy.demo.invented import a_company
from deploy.people import load_ready_made
from shared.kernel.clock import Clock
from tests.support.messaging import until

BOOKING, PROCUREMENT = "/booking/api/v1", "/procurement/api/v1"
PROJECT_CODE = "lyftkraft-dalarna-demo"
LEAD, OFFICER, OPENER, CONTACT = "lead.dalarna", "officer.dalarna", "opener.dalarna", "contact.falun"
BIDDERS = ("supplier.one", "supplier.two", "supplier.three")
ONLOOKER = "new.three"
TITLE = "Robotprogrammering för operatörer"


@dataclass(frozen=True)
class Place:
    """The project that everything happens in, and who takes part. `suppliers` are ids by person."""

    project_id: str
    buyer_id: str
    employer_id: str
    person_id: str
    course_id: str
    opener_ids: tuple[str, ...]
    suppliers: dict[str, str]


@dataclass(frozen=True)
class Purchase:
    """One purchase, open for bids."""

    request_id: str
    case_id: str
    lot_id: str
    procedure_id: str
    criterion_id: str
    number: str
    request_reference: str

    @property
    def path(self) -> str:
        return f"{PROCUREMENT}/procedures/{self.procedure_id}"

    def of_supplier(self, supplier_id: str) -> str:
        return f"{PROCUREMENT}/suppliers/{supplier_id}/procedures/{self.procedure_id}"


async def find_project(cast: Cast) -> Place:
    """Return the place, with the ready-made suppliers."""
    projects = await cast.get(LEAD, f"{BOOKING}/projects", code=PROJECT_CODE)
    project = await cast.get(LEAD, f"{BOOKING}/projects/{projects['items'][0]['project_id']}")
    contact = await cast.get(CONTACT, f"{BOOKING}/me")
    courses = await cast.get(LEAD, f"{BOOKING}/projects/{project['project_id']}/courses")
    buyer_id = project["buyers"][0]["buyer_id"]
    return Place(
        project_id=project["project_id"],
        buyer_id=buyer_id,
        employer_id=contact["grants"][0]["employer_id"],
        person_id=contact["person"]["person_id"],
        course_id=courses["items"][0]["course_id"],
        opener_ids=tuple([await _person_id(cast, officer) for officer in (OFFICER, OPENER)]),
        suppliers=await _bidders(cast, buyer_id),
    )


async def with_an_onlooker(cast: Cast, place: Place) -> Place:
    """Return the place with a fourth supplier, newly registered, that is asked to bid and only looks on."""
    return replace(place, suppliers={**place.suppliers, ONLOOKER: await _onlooker(cast)})


async def open_for_bids(cast: Cast, place: Place, deadline: datetime) -> Purchase:
    """Buy what a contact asks for, until the suppliers are invited. Two calls differ in ids and numbers alone."""
    request = await _asked_for(cast, place)
    inbox = f"{PROCUREMENT}/buyers/{place.buyer_id}/requests"

    async def waiting() -> bool:
        listed = await cast.get(OFFICER, inbox, limit="200")
        return request["request_id"] in [each["request_id"] for each in listed["items"]]

    await until(waiting, what="the request in the inbox")
    opened = {"title": TITLE, "request_ids": [request["request_id"]]}
    case = await cast.do(OFFICER, "POST", f"{PROCUREMENT}/buyers/{place.buyer_id}/cases", opened)
    for officer in (OFFICER, OPENER):
        declared = {"conflict": False, "statement": "Inga bindningar."}
        await cast.do(officer, "POST", f"{PROCUREMENT}/cases/{case['case_id']}/declarations", declared)
    lot = await _advised_lot(cast, case["case_id"])
    plan = {
        "title": TITLE,
        "description": "Tre dagars utbildning på plats i Falun för sex operatörer.",
        "deadline": deadline.isoformat(),
        "criteria": [
            {"name": "Pris", "description": "Lägsta pris ger full poäng.", "kind": "price", "weight": 40},
            {"name": "Upplägg", "description": "Övning på egen cell.", "kind": "quality", "weight": 60},
        ],
        "opener_ids": list(place.opener_ids),
    }
    procedure = await cast.do(OFFICER, "POST", f"{PROCUREMENT}/lots/{lot['lot_id']}/procedures", plan)
    quality = next(each for each in procedure["criteria"] if each["kind"] == "quality")
    purchase = Purchase(
        request_id=request["request_id"],
        case_id=case["case_id"],
        lot_id=lot["lot_id"],
        procedure_id=procedure["procedure_id"],
        criterion_id=quality["criterion_id"],
        number=case["registration_number"],
        request_reference=request["reference"],
    )
    await cast.do(OFFICER, "POST", f"{purchase.path}/invitations", {"supplier_ids": list(place.suppliers.values())})
    return purchase


def a_bid(purchase: Purchase, clock: Clock, price_ore: int) -> dict[str, Any]:
    """Return a bid's body."""
    return {
        "price_ore": price_ore,
        "description": "Tre dagar på er egen cell, med uppföljning efter en månad.",
        "answers": [{"criterion_id": purchase.criterion_id, "text": "Övningarna görs på er cell."}],
        "valid_until": (clock.now() + timedelta(days=90)).date().isoformat(),
    }


async def _asked_for(cast: Cast, place: Place) -> dict[str, Any]:
    wish = {
        "title": TITLE,
        "description": "Sex operatörer ska kunna programmera och felsöka den nya robotcellen.",
        "persons": 6,
        "minutes": 1440,
        "mode": "physical",
        "municipality": "2080",
    }
    own = f"{BOOKING}/projects/{place.project_id}/employers/{place.employer_id}/training-requests"
    drafted = await cast.do(CONTACT, "POST", own, wish)
    submit = f"{BOOKING}/training-requests/{drafted['request_id']}/submit"
    submitted: dict[str, Any] = await cast.do(CONTACT, "POST", submit)
    return submitted


async def _advised_lot(cast: Cast, case_id: str) -> dict[str, Any]:
    lot = {
        "title": TITLE,
        "cpv": "79632000-3",
        "value_ore": 24_000_000,
        "value_basis": "Sex personer i tre dagar.",
        "outside_statement": "Inga andra köp av samma slag är planerade utanför projektet.",
        "pooled": False,
        "not_pooled_reason": "Utbildning på en särskild robotcell; inget annat behov liknar det.",
    }
    added: dict[str, Any] = await cast.do(OFFICER, "POST", f"{PROCUREMENT}/cases/{case_id}/lots", lot)
    choice = {"annex2": False, "route": "direct_purchase", "reason": "Huvudföremålet är teknisk personalutbildning."}
    await cast.do(OFFICER, "POST", f"{PROCUREMENT}/lots/{added['lot_id']}/advice", choice)
    return added


async def _person_id(cast: Cast, person: str) -> str:
    return str((await cast.get(person, f"{BOOKING}/me"))["person"]["person_id"])


async def _bidders(cast: Cast, buyer_id: str) -> dict[str, str]:
    ready_made = load_ready_made()
    listed = await cast.get(OFFICER, f"{PROCUREMENT}/buyers/{buyer_id}/suppliers", limit="200")
    by_number = {each["organisation_number"]: each["supplier_id"] for each in listed["items"]}
    return {person: by_number[ready_made.people[person].supplier] for person in BIDDERS}


async def _onlooker(cast: Cast) -> str:
    tag = uuid4().hex[:8]
    company = a_company(f"Åskådarna Utbildning {tag}", [])
    body = {"name": company.name, "organisation_number": company.number, "email": f"onlooker.{tag}@example.test"}
    return str((await cast.do(ONLOOKER, "POST", f"{PROCUREMENT}/suppliers", body))["supplier_id"])

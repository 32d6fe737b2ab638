"""The officer's part: a case, advice, invitations, the contract, and the order that becomes a run."""

from datetime import timedelta
from typing import Any

from deploy.demo.client import StoryError
from deploy.demo.report import StepReport
from deploy.demo.sinks import Expected
from deploy.demo.telling import BOOKED, BOOKING, COMPANIES, OFFICER, OPENER, PROCUREMENT, SUPPLIERS, Telling
from deploy.people import load_ready_made
from shared.kernel.calendar import legal_day

_BID_SECONDS, _BID_SECONDS_WITHOUT_WAITING = 12, 600


async def open_case(telling: Telling, step: StepReport) -> None:
    request_id = telling.known["request"]["request_id"]
    inbox = f"{PROCUREMENT}/buyers/{telling.buyer['buyer_id']}/requests"

    async def waiting() -> list[Any]:
        found = await telling.cast.get(OFFICER, inbox, limit="200")
        return [each for each in found["items"] if each["request_id"] == request_id]

    await telling.until("the request in the officer's inbox", waiting)
    path = f"{PROCUREMENT}/buyers/{telling.buyer['buyer_id']}/cases"
    opened = {"title": telling.training, "request_ids": [request_id]}
    case = await telling.cast.do(OFFICER, "POST", path, opened)
    taken_at = telling.cast.sent[-1].at
    telling.known["case"] = case
    for officer in (OFFICER, OPENER):
        declared = {"conflict": False, "statement": "Inga bindningar till leverantörer på området."}
        await telling.cast.do(officer, "POST", f"{PROCUREMENT}/cases/{case['case_id']}/declarations", declared)
    await _take_advice(telling, step, case)
    await telling.told(
        step,
        Expected("email", telling.known["companies"][0]["email"], case["registration_number"], "request_in_case"),
        since=taken_at,
    )


async def _take_advice(telling: Telling, step: StepReport, case: dict[str, Any]) -> None:
    lot = {
        "title": telling.training,
        "cpv": "79632000-3",
        "value_ore": 24_000_000,
        "value_basis": "Sex personer i tre dagar, med option på en grupp till.",
        "outside_statement": "Inga andra köp av samma slag är planerade utanför projektet.",
        "pooled": False,
        "not_pooled_reason": "Utbildning på en särskild robotcell; inget annat behov liknar det.",
    }
    lot = await telling.cast.do(OFFICER, "POST", f"{PROCUREMENT}/cases/{case['case_id']}/lots", lot)
    telling.known["lot"] = lot
    advice = (await telling.cast.get(OFFICER, f"{PROCUREMENT}/lots/{lot['lot_id']}/advice"))["advice"]
    for outcome in (advice["general"], advice["annex2"]):
        side = "in bilaga 2" if outcome["annex2"] else "not in bilaga 2"
        limit = "limit unconfirmed" if outcome["limit_ore"] is None else f"limit {outcome['limit_ore'] // 100} kr"
        step.seen.append(f"advice, {side}: direct purchase {outcome['direct_purchase']}; {limit}")
    choice = {
        "annex2": False,
        "route": "direct_purchase",
        "reason": "Huvudföremålet är en teknisk personalutbildning.",
    }
    await telling.cast.do(OFFICER, "POST", f"{PROCUREMENT}/lots/{lot['lot_id']}/advice", choice)


async def invite(telling: Telling, step: StepReport) -> None:
    openers = [
        (await telling.cast.get(officer, f"{BOOKING}/me"))["person"]["person_id"] for officer in (OFFICER, OPENER)
    ]
    plan = {
        "title": telling.training,
        "description": "Tre dagars utbildning på plats i Falun för sex operatörer.",
        "deadline": (telling.clock.now() + _time_for_bids(telling)).isoformat(),
        "criteria": [
            {"name": "Pris", "description": "Lägsta pris ger full poäng.", "kind": "price", "weight": 40},
            {"name": "Upplägg", "description": "Övning på egen cell.", "kind": "quality", "weight": 60},
        ],
        "opener_ids": openers,
    }
    path = f"{PROCUREMENT}/lots/{telling.known['lot']['lot_id']}/procedures"
    procedure = await telling.cast.do(OFFICER, "POST", path, plan)
    telling.known["procedure"] = procedure
    suppliers = await _suppliers(telling)
    invited = {"supplier_ids": [supplier["supplier_id"] for supplier in suppliers]}
    await telling.cast.do(OFFICER, "POST", f"{telling.procedure}/invitations", invited)
    step.seen.append(
        f"asked: {', '.join(supplier['name'] for supplier in suppliers)}; bids until {procedure['deadline']}"
    )
    number = telling.known["case"]["registration_number"]
    await telling.told(step, *(Expected("email", each["email"], number, "invitation_to_bid") for each in suppliers))


def _time_for_bids(telling: Telling) -> timedelta:
    return timedelta(seconds=_BID_SECONDS_WITHOUT_WAITING if telling.step_to else _BID_SECONDS)


async def _suppliers(telling: Telling) -> list[dict[str, Any]]:
    ready_made = load_ready_made()
    numbers = [ready_made.people[person].supplier for person in SUPPLIERS]
    path = f"{PROCUREMENT}/buyers/{telling.buyer['buyer_id']}/suppliers"
    found = {
        each["organisation_number"]: each for each in (await telling.cast.get(OFFICER, path, limit="200"))["items"]
    }
    telling.known["suppliers"] = [found[number] for number in numbers]
    return list(telling.known["suppliers"])


async def contract(telling: Telling, step: StepReport) -> None:
    winner = telling.known["bids"][0]
    today = legal_day(telling.clock.now())
    draft = {
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=180)).isoformat(),
        "lines": [
            {
                "title": telling.training,
                "description": "Tre dagar på plats i Falun.",
                "mode": "physical",
                "seats": BOOKED,
                "price_ore": winner["price_ore"],
            }
        ],
    }
    contract = await telling.cast.do(OFFICER, "POST", f"{telling.procedure}/contract", draft)
    signed = await telling.cast.do(OFFICER, "POST", f"{PROCUREMENT}/contracts/{contract['contract_id']}/sign")
    telling.known["contract"] = signed
    note = await telling.cast.get(OFFICER, f"{telling.procedure}/file-note")
    required = "required" if note["required"] else "not required"
    step.seen.append(f"{signed['reference']}, {signed['value_ore'] // 100} kr; file note (19 a:11) {required}")
    supplier = next(each for each in telling.known["suppliers"] if each["supplier_id"] == winner["supplier_id"])
    await telling.told(
        step,
        Expected("email", supplier["email"], signed["reference"], "contract_signed"),
        Expected(
            "email", telling.known["companies"][0]["email"], telling.known["request"]["title"], "request_contracted"
        ),
    )


async def order(telling: Telling, step: StepReport) -> None:
    starts = telling.morning(45)
    meetings = [
        {
            "starts_at": (starts + timedelta(days=day)).isoformat(),
            "ends_at": (starts + timedelta(days=day, hours=8)).isoformat(),
            "mode": "physical",
            "place": "Falun, robotcellen",
        }
        for day in range(3)
    ]
    contract, request_id = telling.known["contract"], telling.known["request"]["request_id"]
    order = {
        "line_id": contract["lines"][0]["line_id"],
        "meetings": meetings,
        "requests": [{"request_id": request_id, "seats": BOOKED}],
    }
    await telling.cast.do(OFFICER, "POST", f"{PROCUREMENT}/contracts/{contract['contract_id']}/orders", order)
    path = f"{BOOKING}/training-requests/{request_id}"

    async def arranged() -> list[Any]:
        request = await telling.cast.get(COMPANIES[0], path)
        return list(request["runs"]) if request["state"] == "arranged" else []

    (arranged_run,) = await telling.until("the run of the training request", arranged)
    run = await telling.cast.get(COMPANIES[0], f"{BOOKING}/runs/{arranged_run['run_id']}")
    if run["kept_seats"] != BOOKED:
        raise StoryError(f"{BOOKED} seats should be kept for the company, not {run['kept_seats']}")
    step.seen.append(f"run {run['reference']}, {len(run['meetings'])} meetings, {run['kept_seats']} seats kept")
    contact = telling.known["companies"][0]["email"]
    await telling.told(step, Expected("email", contact, run["reference"], "run_arranged"))

"""The suppliers' part, and what nobody may know of it: sealed bids, the opening, the scores, the award."""

import asyncio
from datetime import datetime, timedelta

from deploy.demo.client import StoryError
from deploy.demo.report import StepReport
from deploy.demo.sinks import Expected
from deploy.demo.telling import DELEGATE, OFFICER, OPENER, PROCUREMENT, SUPPLIERS, Telling
from shared.kernel.calendar import legal_day

_PRICES_ORE = (18_400_000, 21_500_000, 16_900_000)
_POINTS = ("9", "8", "6")


async def bid(telling: Telling, step: StepReport) -> None:
    quality = next(each for each in telling.known["procedure"]["criteria"] if each["kind"] == "quality")
    procedure_id = telling.known["procedure"]["procedure_id"]
    for person, supplier, price in zip(SUPPLIERS, telling.known["suppliers"], _PRICES_ORE, strict=True):
        own = f"{PROCUREMENT}/suppliers/{supplier['supplier_id']}/procedures/{procedure_id}"
        bid = {
            "price_ore": price,
            "description": "Tre dagar på er egen cell, med uppföljning efter en månad.",
            "answers": [{"criterion_id": quality["criterion_id"], "text": "Övningarna görs på er cell."}],
            "valid_until": (legal_day(telling.clock.now()) + timedelta(days=90)).isoformat(),
        }
        receipt = await telling.cast.do(person, "PUT", f"{own}/bid", bid)
        step.seen.append(f"receipt {receipt['receipt'][:16]}…")
    problem = await telling.cast.refused(OFFICER, "POST", f"{telling.procedure}/opening", code="deadline_ahead")
    step.seen.append(f"refused: {problem['detail']}")
    try:
        await telling.cast.get(OFFICER, f"{telling.procedure}/bids")
    except StoryError as refusal:
        if "bids_sealed" not in str(refusal):
            raise
    else:
        raise StoryError("bids could be read before the opening")


async def open_bids(telling: Telling, step: StepReport) -> None:
    deadline = datetime.fromisoformat(telling.known["procedure"]["deadline"])
    if telling.step_to is not None and telling.clock.now() < deadline:
        telling.step_to(deadline)
        step.seen.append("business time is stepped to the deadline")
    await asyncio.sleep(max(0.0, (deadline - telling.clock.now()).total_seconds()) + 0.1)
    for officer in (OFFICER, OPENER):
        await telling.cast.do(officer, "POST", f"{telling.procedure}/opening")
    opened = await telling.cast.get(OFFICER, f"{telling.procedure}/bids")
    telling.known["bids"] = opened["bids"]
    if len(opened["bids"]) != len(SUPPLIERS):
        raise StoryError(f"{len(SUPPLIERS)} bids should be opened, not {len(opened['bids'])}")
    step.seen += [f"{bid['supplier_name']}: {bid['price_ore'] // 100} kr" for bid in opened["bids"]]


async def score(telling: Telling, step: StepReport) -> None:
    quality = next(each for each in telling.known["procedure"]["criteria"] if each["kind"] == "quality")
    points = {each["supplier_id"]: given for each, given in zip(telling.known["suppliers"], _POINTS, strict=True)}
    for bid in telling.known["bids"]:
        given = points[bid["supplier_id"]]
        score = {"criterion_id": quality["criterion_id"], "points": given, "reason": "Övningarnas omfattning."}
        await telling.cast.do(OFFICER, "PUT", f"{PROCUREMENT}/bids/{bid['bid_id']}/scores", {"scores": [score]})
    declared = {"conflict": False, "statement": "Inga bindningar."}
    path = f"{PROCUREMENT}/cases/{telling.known['case']['case_id']}/declarations"
    await telling.cast.do(DELEGATE, "POST", path, declared)
    ranked = (await telling.cast.get(DELEGATE, f"{telling.procedure}/bids"))["bids"]
    telling.known["bids"] = ranked
    step.seen += [f"{bid['rank']}. {bid['supplier_name']}, {bid['total']} points" for bid in ranked]


async def award(telling: Telling, step: StepReport) -> None:
    decided = {"reasons": "Bäst förhållande mellan pris och kvalitet enligt de angivna kriterierna."}
    await telling.cast.do(DELEGATE, "POST", f"{telling.procedure}/award", decided)
    winner = telling.known["bids"][0]["supplier_id"]
    number = telling.known["case"]["registration_number"]
    await telling.told(
        step,
        *(
            Expected("email", each["email"], number, "award" if each["supplier_id"] == winner else "non_award")
            for each in telling.known["suppliers"]
        ),
    )

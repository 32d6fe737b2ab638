"""The office's part from the opening: scores, the award by the delegate, the contract, and the order of the course."""

from datetime import time
from typing import Final

from tests.system.job.bidding import PRICE
from tests.system.job.buying import QUALITY, at_the_case
from tests.system.job.story import BIDDERS, DELEGATE, OFFICER, OPENER, WINNER, Job
from tests.system.job.words import Own, noted

_AFTER_DEADLINE: Final = time(13)
_POINTS: Final = ("9", "7")
SEATS: Final = 6


async def open_bids(job: Job) -> None:
    """Nobody can open before the deadline; after it both who are appointed confirm."""
    anders = await at_the_case(job, OFFICER)
    await anders.does_not_see("Open the bids …")
    await anders.does_not_see("Bids and scores")
    job.step_to(job.deadline.date(), _AFTER_DEADLINE)
    for opener in (OFFICER, OPENER):
        officer = await at_the_case(job, opener)
        await officer.follow("Open the bids")
        await officer.press("Confirm the opening")


async def score(job: Job) -> None:
    """Points for what officers judge, with the reasons; the price's follow from the prices."""
    anders = await at_the_case(job, OFFICER)
    await anders.follow("Compare the bids")
    for bidder, points in zip(BIDDERS, _POINTS, strict=True):
        about = Own(f"{(await job.people.get(bidder)).organisation}, {QUALITY}")
        await anders.write(("Points", about), points)
        await anders.write(("Why", about), "Övningarnas omfattning.")
    await anders.press("Keep the scores")
    await anders.sees(Own(PRICE[:3]))
    await anders.does_not_see("not judged yet")


async def award(job: Job) -> None:
    """The delegate declares, reads the comparison, and decides."""
    magnus = await at_the_case(job, DELEGATE)
    await magnus.follow("Declare")
    await magnus.pick("I have no conflict of interest in this case")
    await magnus.press("Declare")
    await magnus.follow("See the comparison")
    await magnus.follow("Decide the award …")
    await magnus.sees("How the bids rank", Own((await job.people.get(WINNER)).organisation))
    await magnus.write("Reasons for the decision", job.reasons)
    await magnus.press("Decide")
    await magnus.sees("Award decided", job.reasons)


async def contract(job: Job) -> None:
    """The file note as a document; the contract drafted, and noted as signed."""
    anders = await at_the_case(job, OFFICER)
    winner = Own((await job.people.get(WINNER)).organisation)
    await anders.follow("File note")
    await anders.is_at("File note of a direct purchase")
    await anders.sees("Suppliers asked", winner, job.reasons)
    await anders.back()
    await anders.follow("Draft the contract")
    await anders.sees(winner)
    await anders.write_day("To", job.working_day(180))
    await anders.press("Draft the contract")
    await anders.follow("Note that it is signed")
    await anders.press("It is signed")
    await anders.sees("Contract signed", "Not ordered yet")


async def order(job: Job) -> None:
    """Two meetings of a course, with seats kept for the employer that asked."""
    anders = await at_the_case(job, OFFICER)
    await anders.follow("Order")
    for number in (1, 2):
        meeting = noted("Meeting {number}", number=number)
        await anders.write_day("Day", job.working_day(33 + 7 * number), within=meeting)
        await anders.write_time("From", time(8), within=meeting)
        await anders.write_time("To", time(16), within=meeting)
        await anders.write("Place", "Rättvik, svetscellen", within=meeting)
    await anders.write(noted("Seats for {employer}", employer=job.employer), str(SEATS))
    await anders.press("Order")
    await anders.is_at(job.wish)
    await anders.sees("Ordered")

"""The office's part until the bids are in: the request becomes a case, advice is taken, suppliers are invited."""

from datetime import time
from typing import Final

from shared.kernel.calendar import STOCKHOLM, at_stockholm
from shared.kernel.texts import Text
from tests.system.job.people import Person
from tests.system.job.story import BIDDERS, OFFICER, OPENER, WINNER, Job
from tests.system.job.words import Own, noted

DEADLINE: Final = time(12)
QUALITY: Final = Own("Upplägg")
_ANSWER: Final = Own("Ja, svetscellen finns på plats.")
_CPV_NOT_IN_ANNEX: Final = "79632000-3"


async def take_into_case(job: Job) -> None:
    """The request from the inbox into a case of its own, and the declaration that comes first in it."""
    anders = await job.people.get(OFFICER)
    await anders.go("Requests")
    await anders.reloads_until_offered(job.wish)
    await anders.search("Search by training, employer or number", job.tag)
    await anders.follow(job.wish)
    await anders.sees("Waits for an officer", job.employer)
    await anders.follow("Take into a case …")
    await anders.press("Open the case")
    await anders.is_at(job.wish)
    await _declare(anders, job)


async def take_advice(job: Job) -> None:
    """What is to be bought and for how much; both answers to the question of the code; the choice with its reason."""
    anders = await job.people.get(OFFICER)
    await anders.follow("Add what is to be bought")
    await anders.write("CPV code", _CPV_NOT_IN_ANNEX)
    await anders.write("Estimated value without VAT, kr", "240 000")
    await anders.write("How the value was estimated", "Sex personer i tre dagar.")
    await anders.write("What you know of purchases outside the project", "Inga andra köp är planerade.")
    await anders.pick("A purchase of its own, for the reason below")
    await anders.write("Why this is a purchase of its own", "En särskild svetscell.")
    await anders.press("Add, and take advice")
    await anders.sees("If the code is not in bilaga 2", "If the code is in bilaga 2", "Law", "The buyer decides")
    await anders.pick("No, it is bought as a service or goods in general")
    await anders.pick("Direct purchase")
    await anders.write("Why", "Teknisk personalutbildning.")
    await anders.press("Choose")
    await anders.sees(noted("Plan the purchase of “{title}”", title=job.wish))


async def invite(job: Job) -> None:
    """The plan of the direct purchase, and the suppliers who are asked."""
    anders = await at_the_case(job, OFFICER)
    await anders.follow("Plan the direct purchase")
    await anders.write("What is asked for", "Tre dagars utbildning i Rättvik för sex svetsare.")
    job.deadline = at_stockholm(job.working_day(1), DEADLINE).astimezone(STOCKHOLM)
    await anders.write_moment("Deadline for bids", job.deadline)
    first, second = (noted("Criterion {number}", number=number) for number in (1, 2))
    await anders.write("Weight, %", "40", within=first)
    await anders.write("Name", QUALITY, within=second)
    await anders.write("Weight, %", "60", within=second)
    await anders.write("How it is judged", "Övning på egen cell.", within=second)
    for opener in (OFFICER, OPENER):
        await anders.tick(Own((await job.people.get(opener)).name))
    await anders.press("Plan, and choose suppliers")
    await anders.is_at("Invite suppliers")
    for bidder in BIDDERS:
        await anders.tick(noted("Invite {name}", name=(await job.people.get(bidder)).organisation))
    await anders.press("Invite the chosen")
    await anders.is_at(job.wish)
    await anders.sees(
        Text("“{title}” is open for bids until {deadline}", {"title": job.wish, "deadline": job.deadline})
    )


async def ask_about_it(job: Job) -> None:
    """A supplier asks; the officer answers all, without knowing who asked."""
    lena = await at_the_invitation(job, WINNER)
    await lena.follow("Ask a question, or read the answers")
    await lena.write("Your question", "Finns svetscellen på plats?")
    await lena.press("Ask")
    await lena.sees("Your questions that wait for an answer")
    anders = await at_the_case(job, OFFICER)
    await anders.follow("To the questions")
    await anders.does_not_see(Own(lena.organisation))
    await anders.follow(("Answer", Own(": Finns svetscellen på plats?")))
    await anders.write("Answer", _ANSWER)
    await anders.press("Tell all who are invited")
    await anders.sees("No question waits.", _ANSWER)


async def declare_to_open(job: Job) -> None:
    """The second opener has no interests in it either."""
    await _declare(await at_the_case(job, OPENER), job)


async def at_the_case(job: Job, sub: str) -> Person:
    """Let somebody of the office come to the case from the list of open ones."""
    officer = await job.people.get(sub)
    await officer.go("Cases")
    await officer.search("Search by title or registration number", job.tag)
    await officer.follow(job.wish)
    await officer.is_at(job.wish)
    return officer


async def at_the_invitation(job: Job, sub: str) -> Person:
    """Let a supplier come to what it is invited to."""
    supplier = await job.people.get(sub)
    await supplier.go("Invitations")
    await supplier.search("Search by title", job.tag)
    await supplier.follow(job.wish)
    await supplier.is_at(job.wish)
    return supplier


async def _declare(officer: Person, job: Job) -> None:
    await officer.follow("Declare")
    await officer.pick("I have no conflict of interest in this case")
    await officer.press("Declare")
    await officer.is_at(job.wish)
    await officer.sees("No conflict", Own(officer.name))

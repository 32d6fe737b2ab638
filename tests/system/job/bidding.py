"""The suppliers' part: sealed bids with receipts, one of them replaced, and in the end the outcome."""

from datetime import timedelta
from typing import Final

from tests.system.job.buying import QUALITY, at_the_invitation
from tests.system.job.people import Person
from tests.system.job.story import OTHER, WINNER, Job
from tests.system.job.words import Own, noted

PRICE: Final = "184 000"


async def bid(job: Job) -> None:
    """Two suppliers bid; one writes its bid anew before the deadline, and gets another receipt."""
    lena = await at_the_invitation(job, WINNER)
    await lena.follow("Write a bid")
    await _write_bid(lena, job, "205 000")
    first = await lena.reads("Receipt")
    await lena.follow("Replace the bid")
    await _write_bid(lena, job, PRICE)
    assert await lena.reads("Receipt") != first
    johan = await at_the_invitation(job, OTHER)
    await johan.follow("Write a bid")
    await _write_bid(johan, job, "215 000")


async def read_outcome(job: Job) -> None:
    """The chosen one reads that it was chosen, the other which was, both with the reasons."""
    lena = await at_the_invitation(job, WINNER)
    await lena.follow("Read the award notice")
    await lena.sees("Your bid was chosen", job.reasons)
    johan = await at_the_invitation(job, OTHER)
    await johan.follow("Read the award notice")
    await johan.sees("Another bid was chosen", job.reasons, Own(lena.organisation))
    await johan.does_not_see(Own(PRICE))


async def _write_bid(supplier: Person, job: Job, price: str) -> None:
    await supplier.write("Price without VAT, in kronor", price)
    await supplier.write_day("The bid binds us until", (job.now() + timedelta(days=100)).date())
    await supplier.write("What we offer", "Tre dagar på er cell.")
    await supplier.write(QUALITY, "Övningarna görs på er cell.")
    await supplier.press("Send the bid")
    await supplier.is_at("Receipt of a bid")
    await supplier.sees("Your bid is received", job.wish)
    sealed = noted("It is sealed, and nobody can read it before {deadline}.", deadline=job.deadline)
    await supplier.sees(sealed)

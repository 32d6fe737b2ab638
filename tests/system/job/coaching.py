"""The coach's part: the employers in her care, and something done for one of them, which is always visible."""

from typing import Final

from tests.system.job.people import Person
from tests.system.job.story import COACH, CONTACT, Job
from tests.system.job.words import Own, noted

_ACTING: Final = "You act for {employer} as its coach. What you do here is recorded under your name."


async def act_for_employer(job: Job) -> None:
    """She adds somebody for the employer; every page says for whom she acts, and its contact sees who did it."""
    sara = await job.people.get(COACH)
    await sara.sees("Employers in your care")
    await _at_the_employer(sara, job)
    acting = noted(
        "You act for {employer} as its coach. What you do here is recorded under your name.", employer=job.employer
    )
    await sara.sees(acting)
    await sara.follow("People", within=job.employer)
    await sara.follow("Add a person")
    await sara.sees(acting)
    await sara.write("First name", "Elin")
    await sara.write("Last name", "Holm")
    await sara.press("Add the person")
    await sara.sees(acting, Own("Holm, Elin"))
    eva = await job.people.get(CONTACT)
    await _at_the_employer(eva, job)
    await eva.follow("People", within=job.employer)
    await eva.follow(Own("Holm, Elin"))
    await eva.sees(Own(sara.name))


async def _at_the_employer(person: Person, job: Job) -> None:
    await person.go("Employers")
    await person.search("Name or organisation number", job.company.number)
    await person.follow(job.employer)
